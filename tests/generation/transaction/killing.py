"""Processes that change a folder and kill themselves at a given step, each one a fork of a process that is ready for it.

Run as a script it is that process: it reads orders, one a line, and answers each with what became of the fork.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import GateError
from nodesmith.generation.transaction import commit, recover

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodesmith.generation.transaction import Operation

TESTS = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Order:
    """Commit the operations, or recover where there are none; refuse and die at these steps (from 1; 0: never)."""

    target: Path
    operations: tuple[Operation, ...]
    kill_at: int
    fail_at: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """Whether the process was killed, and the steps it came to, the last one of which was not taken then."""

    killed: bool
    steps: tuple[str, ...]


class Killer:
    """The tests' end of the line to the process that forks."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def commit(self, target: Path, operations: Sequence[Operation], *, kill_at: int, fail_at: int = 0) -> End:
        return self._order(Order(target, tuple(operations), kill_at, fail_at))

    def recover(self, target: Path, *, kill_at: int) -> End:
        return self._order(Order(target, (), kill_at))

    def _order(self, order: Order) -> End:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(pickle.dumps(order).hex() + "\n")
        self._process.stdin.flush()
        answer: End = pickle.loads(bytes.fromhex(self._process.stdout.readline()))
        return answer


@contextmanager
def killer() -> Iterator[Killer]:
    process = subprocess.Popen(
        [sys.executable, "-m", "generation.transaction.killing"],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Killer(process)
        assert process.stdin
        process.stdin.close()
    assert process.returncode == 0


def carry_out(order: Order, steps: int) -> None:
    """Do what is ordered in this process, telling every step to a pipe."""
    count = 0

    def on_step(name: str) -> None:
        nonlocal count
        count += 1
        os.write(steps, f"{name}\n".encode())
        if count == order.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if count == order.fail_at:
            raise OSError(28, "No space left on device")

    if order.operations:
        try:
            commit(order.target, order.operations, on_step=on_step)
        except GateError:
            if not order.fail_at:
                raise
    else:
        recover(order.target, on_step=on_step)


def answer(order: Order) -> End:
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        code = 1
        try:
            carry_out(order, writing)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading) as stream:
        steps = tuple(stream.read().splitlines())
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), steps
    return End(os.WIFSIGNALED(status), steps)


def main() -> None:
    for line in sys.stdin:
        print(pickle.dumps(answer(pickle.loads(bytes.fromhex(line)))).hex(), flush=True)


if __name__ == "__main__":
    # Under this module's proper name, so that both ends of the line mean the same classes.
    from generation.transaction import killing

    killing.main()
