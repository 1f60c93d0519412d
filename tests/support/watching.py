"""A registry's stream of changes, read as cheaply as can be: what many instances say in a second must not wait for its reader."""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KIND = re.compile(rb'"kind":"(lost|left)"')


@dataclass(slots=True, kw_only=True)
class Watching:
    """What has come so far; `ended` has when an instance was told to be lost or to have left, by the machine's clock."""

    size: int = 0
    events: int = 0
    ended: dict[tuple[str, str], float] = field(default_factory=dict)

    def take(self, line: bytes) -> None:
        """Take one line of the stream."""
        self.size += len(line)
        if not line.startswith(b"data:"):
            return
        self.events += 1
        if kind := _KIND.search(line):
            node_id = json.loads(line[5:])["instance"]["node_id"]
            self.ended.setdefault((kind[1].decode(), node_id), time.time())

    def wait_until_told(
        self, kind: str, node_ids: Iterable[str], *, seconds: float = 30.0
    ) -> Mapping[str, float]:
        """Return when it was told of each of the instances that they are `lost` or `left`."""
        wanted = {(kind, node_id) for node_id in node_ids}
        wait_until(
            lambda: wanted <= self.ended.keys(),
            seconds=seconds,
            why=f"the stream telling that {len(wanted)} are {kind}",
        )
        return {node_id: at for (told, node_id), at in self.ended.items() if told == kind}


@contextmanager
def watching(host: str, port: int) -> Iterator[Watching]:
    """Read the stream of changes meanwhile."""
    connection = HTTPConnection(host, port, timeout=60)
    connection.request("GET", "/api/v1/events")
    answer = connection.getresponse()
    seen, stop = Watching(), threading.Event()

    def read() -> None:
        while not stop.is_set() and (line := answer.readline()):
            seen.take(line)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    try:
        yield seen
    finally:
        stop.set()
        reading.join(15)  # something comes every ten seconds
        answer.close()
        connection.close()
