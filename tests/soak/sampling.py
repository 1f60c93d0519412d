"""Looks at processes at a steady pace, from outside, in a thread of its own."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

import psutil
from soak.flatness import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

_JOIN_SECONDS = 10.0


class Sampler:
    """Samples of processes by name; one that ends is sampled no more."""

    def __init__(self, pids: Mapping[str, int], *, every: float) -> None:
        self.samples: dict[str, list[Sample]] = {name: [] for name in pids}
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._every = every
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True, name="soak sampler")

    def __enter__(self) -> Self:
        """Begin; the seconds of samples count from now."""
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            for name, process in list(self._processes.items()):
                try:
                    self.samples[name].append(self._sample(process))
                except psutil.NoSuchProcess:
                    del self._processes[name]

    def _sample(self, process: psutil.Process) -> Sample:
        with process.oneshot():
            return Sample(
                seconds=time.monotonic() - self._begun,
                memory=process.memory_info().rss,
                threads=process.num_threads(),
                files=process.num_fds(),
            )
