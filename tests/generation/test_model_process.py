"""Each test runs a program of its own: a process with threads, as a test's may be, must not be copied."""

from __future__ import annotations

import json
import subprocess
import sys
from textwrap import dedent

PREPARE = """\
import json, os, signal
from nodesmith.generation.gates.model_process import model_process
from nodesmith.generation.gates.models import ROOT

def node(source):
    modules = {ROOT: "", f"{ROOT}.models": "", f"{ROOT}.models.model_a": "from pydantic import BaseModel\\n" + source}
    return modules, [(f"{ROOT}.models.model_a", "A")]

good, incomplete = node("class A(BaseModel): x: int"), node("class A(BaseModel): x: 'Gone'")
broken = node("class A(BaseModel): x: int = gone")
"""


def printed(program: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", PREPARE + dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def messages(answer: object) -> list[list[str]]:
    assert isinstance(answer, list)
    return [[message for _, message in node] for node in answer]


EXPECTED = [[], ["A is not complete"], ["NameError: name 'gone' is not defined"]]


def test_what_cannot_be_built_is_found_in_each_node() -> None:
    answer = printed("""
        with model_process() as builder, builder.at_work([good, incomplete, broken]) as finish:
            print(json.dumps(finish()))
    """)

    assert messages(answer) == EXPECTED


def test_models_are_built_here_where_that_process_was_killed() -> None:
    answer = printed("""
        with model_process() as builder:
            os.kill(builder.pid, signal.SIGKILL)
            with builder.at_work([good, incomplete, broken]) as finish:
                print(json.dumps(finish()))
    """)

    assert messages(answer) == EXPECTED


def test_more_models_than_a_pipe_holds_are_built() -> None:
    answer = printed("""
        large = node("class A(BaseModel): x: int\\n" + "# filling\\n" * 20_000)
        with model_process() as builder, builder.at_work([large] * 3) as finish:
            print(json.dumps(finish()))
    """)

    assert messages(answer) == [[], [], []]


def test_the_process_has_ended_after_the_block_whether_it_was_asked_or_not() -> None:
    answer = printed("""
        def is_there(pid):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return False
            return True

        with model_process() as unasked:
            pass
        with model_process() as asked, asked.at_work([good]) as finish:
            finish()
        print(json.dumps([is_there(unasked.pid), is_there(asked.pid)]))
    """)

    assert answer == [False, False]


def test_whatever_fails_in_the_block_ends_the_process_as_well() -> None:
    answer = printed("""
        large = node("class A(BaseModel): x: int\\n" + "# filling\\n" * 20_000)
        try:
            with model_process() as builder, builder.at_work([large] * 3):
                raise KeyError
        except KeyError:
            print(json.dumps("ended"))
    """)

    assert answer == "ended"
