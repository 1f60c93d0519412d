"""A process beside this one that builds models.

pydantic takes as long to import as a node takes to make, and only this gate needs it: here it is imported on another
processor, while everything else goes on. Little is imported here, so that the process can be started first of all.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import IO, Self

    from nodesmith.generation.gates.models import BrokenModel, ModelSources

SERVE = "from nodesmith.generation.gates.model_process import serve; serve()"


class ModelProcess:
    """Builds the models of one run in a process of its own, which starts with the block and has ended after it.

    Where it does not answer (somebody ended it), the models are built in this process.
    """

    def __enter__(self) -> Self:
        """Start the process; it needs nothing yet."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process, unless it has ended with its work."""
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                _open(stream).close()
        if self._process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def at_work(self, nodes: Sequence[ModelSources]) -> Iterator[Callable[[], list[list[BrokenModel]]]]:
        """Let it build the nodes' models; what is given, called, waits for the answer."""
        # A pipe holds less than a system's models: whoever fills it waits.
        sending = Thread(target=_send, args=(nodes, _open(self._process.stdin)))
        sending.start()
        try:
            yield lambda: self._answer(nodes)
        finally:
            if self._process.poll() is None:
                self.kill()
            sending.join()

    def _answer(self, nodes: Sequence[ModelSources]) -> list[list[BrokenModel]]:
        try:
            answers = marshal.loads(_open(self._process.stdout).read())  # noqa: S302 - from a process of ours
        except (EOFError, ValueError, TypeError):
            from nodesmith.generation.gates.models import broken_models

            return [list(broken_models(*node)) for node in nodes]
        self._process.wait()
        return answers  # type: ignore[no-any-return]


def serve() -> None:
    """Answer on standard output which models cannot be built, for every node on standard input, at its end."""
    from nodesmith.generation.gates.models import broken_models

    _warm_up()
    answers = []
    with suppress(EOFError):
        while True:
            answers.append(list(broken_models(*marshal.load(sys.stdin.buffer))))  # noqa: S302 - from the process that started this one
    sys.stdout.buffer.write(marshal.dumps(answers))
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing is left to be done, and taking pydantic down takes time


def _warm_up() -> None:
    """Build a model, so that pydantic has loaded all it needs before the first one comes."""
    from pydantic import BaseModel, Field, create_model

    create_model("Warm", __base__=BaseModel, field=(str, Field(min_length=1)))


def _send(nodes: Sequence[ModelSources], stream: IO[bytes]) -> None:
    with suppress(OSError, ValueError), stream:  # it has been ended, or asked before
        for node in nodes:
            marshal.dump(node, stream)


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "the process was started with pipes"
    return stream
