"""A node's last records and dead letters, read off the bus when somebody asks, and sent back where that is wanted."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nodesmith import naming
from nodesmith.inspection.dead_letter_data import row_data, value_data
from nodesmith.inspection.dead_letter_rows import to_row
from nodesmith.inspection.dead_letter_topic import DeadLetterTopic
from nodesmith.inspection.replaying import Replay
from nodesmith.inspection.tail_choice import Filter
from nodesmith.inspection.tail_reading import Start, TopicTail
from nodesmith.registry.http.answers import ApiError, as_json, read_body, read_number
from nodesmith.registry.http.models import Replay as ReplayBody
from nodesmith.runtime.groupless_client import GrouplessClient
from nodesmith.runtime.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    from nodesmith.inspection.dead_letter_rows import Place
    from nodesmith.inspection.tail_record import TailRecord
    from nodesmith.registry.http.api import Api
    from nodesmith.registry.node_view import NodeView
    from nodesmith.registry.service import Registry
    from nodesmith.runtime.records import IncomingRecord

DEFAULT_RECORDS = 20
MOST_RECORDS = 200
LARGEST_SHOWN = 256 * 1024
MOST_AT_ONCE = 4


class Records:
    """Reads topics for who asks: each time with a client of its own, in a thread."""

    def __init__(self, registry: Registry, api: Api) -> None:
        self._registry = registry
        self._api = api
        self._free = asyncio.Semaphore(MOST_AT_ONCE)

    async def records(self, request: web.Request) -> web.Response:
        """Return the last commands and results of a node."""
        view, limit = self._api.find(request), self._limit(request)
        async with self._free:
            return as_json({"records": await in_thread(self._read_records, view, limit)})

    async def dead_letters(self, request: web.Request) -> web.Response:
        """Return the last dead letters of a node."""
        view, limit = self._api.find(request), self._limit(request)
        async with self._free:
            return as_json(await in_thread(self._read_dead_letters, view, limit))

    async def replay(self, request: web.Request) -> web.Response:
        """Send dead letters back to where they came from."""
        view = self._api.find(request)
        body = await read_body(request, ReplayBody)
        places = frozenset((each.partition, each.offset) for each in body.records)
        async with self._free:
            return as_json(await in_thread(self._replay, view, places))

    @staticmethod
    def _limit(request: web.Request) -> int:
        return read_number(request, "limit", default=DEFAULT_RECORDS, most=MOST_RECORDS)

    @contextmanager
    def _client(self) -> Iterator[GrouplessClient]:
        client = GrouplessClient(
            self._registry.publisher.client_settings,
            group=f"nodesmith-registry-{uuid.uuid4()}",  # the client wants one
            reading={"auto.offset.reset": "earliest"},
        )
        try:
            yield client
        finally:
            client.consumer.close()

    @contextmanager
    def _topic(self, view: NodeView) -> Iterator[DeadLetterTopic]:
        name = naming.dead_letter_topic(domain=view.domain, name=view.name)
        with self._client() as client:
            topics = client.topics()
            if name not in topics:
                raise ApiError(
                    404,
                    "no-dead-letters",
                    f"there is no topic {name}",
                    fix="a node makes it when it first joins the bus",
                )
            yield DeadLetterTopic(name, client=client, topics=topics)

    def _read_records(self, view: NodeView, limit: int) -> list[dict[str, Any]]:
        kinds = {
            naming.command_topic(domain=view.domain, name=view.name): "command",
            naming.completed_topic(domain=view.domain, name=view.name): "completed",
            naming.failed_topic(domain=view.domain, name=view.name): "failed",
        }
        with self._client() as client:
            tail = TopicTail(
                client,
                wants=kinds.__contains__,
                start=Start(last=limit),
                only=Filter(),
                say=lambda _words: None,
            )
            found = [each for batch in tail.history(follow=False) for each in batch]
        return [_record(each, kinds[each.record.topic]) for each in reversed(found)]

    def _read_dead_letters(self, view: NodeView, limit: int) -> dict[str, Any]:
        with self._topic(view) as topic:
            letters = [_letter(record) for record in topic.last(limit)]
            total = topic.count()
        letters.sort(key=lambda each: (each.get("last_failure", ""), each["offset"]), reverse=True)
        return {"topic": topic.name, "total": total, "dead_letters": letters[:limit]}

    def _replay(self, view: NodeView, places: frozenset[Place]) -> dict[str, Any]:
        with self._topic(view) as topic:
            done = Replay(topic, told=lambda _number: None).run(places)
        return {"sent": dict(done.sent), "problems": list(done.problems)}


def _record(shown: TailRecord, kind: str) -> dict[str, Any]:
    record = shown.record
    data = shown.data()
    is_large = record.size > LARGEST_SHOWN
    if is_large:
        for name in ("envelope", "value", "value_base64"):
            data.pop(name, None)
    return {**data, "kind": kind, "bytes": len(record.value or b""), "truncated": is_large}


def _letter(record: IncomingRecord) -> dict[str, Any]:
    data = row_data(to_row(record))
    del data["id"]
    is_large = len(record.value or b"") > LARGEST_SHOWN
    return {**data, **({} if is_large else value_data(record.value)), "truncated": is_large}
