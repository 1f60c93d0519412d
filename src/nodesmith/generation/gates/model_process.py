"""A process beside this one that builds models.

pydantic takes longer to import than a node takes to make, and only this gate needs it: here it is imported on another
processor, while everything else goes on. Little is imported here, so that the process can be started early.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import sys
from contextlib import contextmanager, suppress
from threading import Thread, active_count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO, NoReturn

    from nodesmith.generation.gates.models import BrokenModel, ModelSources


class ModelProcess:
    """Builds the models of one run in a process of its own; where it does not answer, they are built in this one."""

    def __init__(self, pid: int, requests: IO[bytes], answers: IO[bytes]) -> None:
        self.pid = pid
        self._requests = requests
        self._answers = answers

    @contextmanager
    def at_work(self, nodes: Sequence[ModelSources]) -> Iterator[Callable[[], list[list[BrokenModel]]]]:
        """Let it build the nodes' models; what is given, called, waits for the answer."""
        # A pipe holds less than a system's models: whoever fills it waits.
        sending = Thread(target=_send, args=(nodes, self._requests))
        sending.start()
        try:
            yield lambda: self._answer(nodes)
        finally:
            with suppress(ProcessLookupError):  # nobody reads what a thread may still be sending
                os.kill(self.pid, signal.SIGKILL)
            sending.join()

    def _answer(self, nodes: Sequence[ModelSources]) -> list[list[BrokenModel]]:
        try:
            return marshal.load(self._answers)  # type: ignore[no-any-return]  # noqa: S302 - from a process of ours
        except (EOFError, ValueError, TypeError):
            from nodesmith.generation.gates.models import broken_models

            return [list(broken_models(*node)) for node in nodes]


def can_fork() -> bool:
    """Say whether a process that is a copy of this one may be started: on two processors, and of one thread alone."""
    return hasattr(os, "fork") and (os.cpu_count() or 1) > 1 and active_count() == 1


@contextmanager
def model_process() -> Iterator[ModelProcess]:
    """Give a process that builds models and has ended after the block.

    It is a copy of this one, so that what both need is imported once; start it before there are threads.
    """
    theirs, requests = os.pipe()
    answers, ours = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(requests)
        os.close(answers)
        _serve(theirs, ours)
    os.close(theirs)
    os.close(ours)
    with os.fdopen(requests, "wb") as sending, os.fdopen(answers, "rb") as receiving:
        try:
            yield ModelProcess(pid, sending, receiving)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _serve(requests: int, answers: int) -> NoReturn:
    """Answer which models cannot be built, for every node that is asked for, once all have been; then end."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # whoever waits for the end of this command's output must not wait for us
            os.dup2(null, stream)
        _import_when_used("importlib.metadata")  # pydantic's search for plugins, which is switched off
        from nodesmith.generation.gates.models import broken_models

        _warm_up()
        gc.freeze()
        found = []
        with os.fdopen(requests, "rb") as asked, suppress(EOFError):
            while True:
                found.append(list(broken_models(*marshal.load(asked))))  # noqa: S302 - from the process we are a copy of
        with os.fdopen(answers, "wb") as answering:
            marshal.dump(found, answering)
    finally:
        os._exit(0)  # nothing of the process this is a copy of may happen twice


def _import_when_used(name: str) -> None:
    from importlib.util import LazyLoader, find_spec, module_from_spec

    spec = find_spec(name)
    if name not in sys.modules and spec is not None and spec.loader is not None:
        spec.loader = LazyLoader(spec.loader)
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


def _warm_up() -> None:
    """Build a model, so that pydantic has loaded all it needs before the first one comes."""
    from pydantic import BaseModel, Field, create_model

    create_model("Warm", __base__=BaseModel, field=(str, Field(min_length=1)))


def _send(nodes: Sequence[ModelSources], stream: IO[bytes]) -> None:
    with suppress(OSError, ValueError), stream:  # it may have been ended, or been asked before
        for node in nodes:
            marshal.dump(node, stream)
