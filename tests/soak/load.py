"""A steady load: so many records a second for each node, nearly every one with a key of its own, and a few that fail."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING, Self
from uuid import UUID

from confluent_kafka import Producer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import KafkaError, Message

_KEYS = 1_000_000
_NOTE = "abcdefghijklmnopqrstuvwxyz 0123456789 "
_SHORTEST_NOTE, _LONGEST_NOTE = 600, 1_400
# One record of so many is of each kind.
_NOT_JSON, _MISFIT, _REFUSED, _RETRIED = 211, 199, 193, 97
_TICK_SECONDS = 0.01
_FLUSH_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the records of one node go."""

    topic: str
    event_type: str


class Load:
    """Sends to each target `rate` records a second, from a thread of its own; sent is what the broker has."""

    def __init__(self, servers: str, targets: Sequence[Target], *, rate: float, seed: int) -> None:
        self.sent = dict.fromkeys((target.topic for target in targets), 0)
        self.poison = dict.fromkeys(self.sent, 0)
        self.refused: list[str] = []
        self._targets = targets
        self._rate = rate
        self._random = Random(seed)
        self._producer = Producer(
            {
                "bootstrap.servers": servers,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "log_level": 0,
            }
        )
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True, name="soak load")

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """End, when the broker has what was sent."""
        self._stop.set()
        self._thread.join(_FLUSH_SECONDS)

    # From here on: in the thread.

    def _run(self) -> None:
        begun, number = time.monotonic(), 0
        while not self._stop.is_set():
            due = int((time.monotonic() - begun) * self._rate)
            while number < due:
                number += 1
                for target in self._targets:
                    self._send(target, number)
            self._producer.poll(_TICK_SECONDS)
        self._producer.flush(_FLUSH_SECONDS)

    def _send(self, target: Target, number: int) -> None:
        key = f"account-{self._random.randrange(_KEYS)}"
        is_poison = number % _NOT_JSON == 0 or number % _MISFIT == 0
        self.poison[target.topic] += is_poison
        value = b"{not json" if number % _NOT_JSON == 0 else self._command(target, key, number)
        self._producer.produce(target.topic, key=key, value=value, on_delivery=self._delivered)

    def _command(self, target: Target, key: str, number: int) -> bytes:
        length = self._random.randint(_SHORTEST_NOTE, _LONGEST_NOTE)
        payload: dict[str, object] = {
            "account": key,
            "number": "many" if number % _MISFIT == 0 else number,
            "note": "".join(self._random.choices(_NOTE, k=length)),
            "trouble": "refuse" if number % _REFUSED == 0 else "retry" if number % _RETRIED == 0 else "",
        }
        envelope_id = str(UUID(int=self._random.getrandbits(128), version=4))
        return json.dumps(
            {"envelope_id": envelope_id, "event_type": target.event_type, "payload": payload}
        ).encode()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.refused.append(error.str())
        else:
            self.sent[str(message.topic())] += 1
