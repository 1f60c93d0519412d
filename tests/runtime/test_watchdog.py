"""Which signals are one press, and what each press asks for."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nodesmith.runtime.watchdog import SAME_PRESS_SECONDS, Press, Presses


def test_signals_within_a_second_of_one_that_counts_are_the_same_press() -> None:
    presses = Presses()
    heard = [presses.hear(now=now) for now in (10.0, 10.0, 10.9, 11.0, 11.5, 12.1, 20.0)]
    assert heard == [Press.DRAIN, None, None, Press.HURRY, None, Press.END, Press.END]


@given(st.lists(st.floats(0, 100), max_size=20))
def test_what_counts_is_a_second_apart_and_never_asks_for_less(moments: list[float]) -> None:
    presses = Presses()
    counted = [(now, press) for now in sorted(moments) if (press := presses.hear(now=now)) is not None]
    for (before, asked), (now, asks) in pairwise(counted):
        assert now - before >= SAME_PRESS_SECONDS
        assert asks >= asked


def test_a_signal_that_comes_while_python_ends_changes_no_exit_status() -> None:
    code = """
import os, signal
from nodesmith.runtime.watchdog import Watchdog

class Late:
    kill, own = os.kill, os.getpid()

    def __del__(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            Late.kill(Late.own, number)

Watchdog().listen()
late = Late()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
