"""Who sends the commands: a producer that gives up none of them, whatever becomes of the broker.

Of each account one command is under way at a time, so that what is sent again cannot overtake. Some commands are sent
twice on purpose.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Self
from uuid import UUID

from chaos import ledger
from confluent_kafka import KafkaException, Producer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from confluent_kafka import KafkaError, Message

_POLL_SECONDS = 0.02
_JOIN_SECONDS = 10.0
_TWICE = 0.03
_LATER = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One entry to book, and whether it is sent twice."""

    id: str
    account: str
    number: int
    twice: bool

    @property
    def value(self) -> bytes:
        """The record's bytes."""
        payload = {"account": self.account, "number": self.number}
        return json.dumps(
            {"envelope_id": self.id, "event_type": ledger.EVENT_TYPE, "payload": payload}
        ).encode()


def commands_of(random: Random, *, count: int, accounts: int) -> list[Command]:
    """Return commands in their order; those of one account are numbered from 1."""
    last = dict.fromkeys((f"account-{number}" for number in range(accounts)), 0)
    names = list(last)
    commands = []
    for _ in range(count):
        account = random.choice(names)
        last[account] += 1
        commands.append(
            Command(
                id=str(UUID(int=random.getrandbits(128), version=4)),
                account=account,
                number=last[account],
                twice=random.random() < _TWICE,
            )
        )
    return commands


class Sender:
    """Sends commands in a thread of its own, no more than were allowed."""

    def __init__(self, servers: str, commands: Sequence[Command]) -> None:
        self.acknowledged = 0
        self.sent_twice = sum(command.twice for command in commands)
        self._servers = servers
        self._commands = commands
        self._taken = 0
        self._allowed = 0
        self._waiting: dict[str, deque[Command]] = {}
        self._under_way: dict[str, Command] = {}
        # The second time a command is sent comes at once for some, and long after the first for others.
        self._later: deque[tuple[int, Command]] = deque()
        self._second_under_way: dict[str, Command] = {}
        self._failed = False
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True, name="chaos sender")

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """End, with whatever is not sent."""
        self._stop.set()
        self._thread.join(_JOIN_SECONDS)

    def allow(self, count: int) -> None:
        """Let the first `count` commands be sent."""
        self._allowed = max(count, self._allowed)

    @property
    def done(self) -> bool:
        """Whether the broker has all commands, and those that are sent twice both times."""
        return self.acknowledged == len(self._commands) + self.sent_twice

    # From here on: in the thread.

    def _run(self) -> None:
        producer = self._new_producer()
        while not self._stop.is_set():
            self._take(producer)
            producer.poll(_POLL_SECONDS)
            if self._failed:
                producer.purge()
                self._failed = False
                producer = self._new_producer()
                for command in (*self._under_way.values(), *self._second_under_way.values()):
                    self._produce(producer, command)
        producer.purge()

    def _new_producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._servers,
                "acks": "all",
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                "linger.ms": 0,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
                "error_cb": self._error,
            }
        )

    def _take(self, producer: Producer) -> None:
        while self._taken < self._allowed:
            command = self._commands[self._taken]
            self._taken += 1
            if command.account in self._under_way:
                self._waiting.setdefault(command.account, deque()).append(command)
            else:
                self._begin(producer, command)
        nothing_else = not self._under_way and self._taken == len(self._commands)
        while self._later and (nothing_else or self._later[0][0] <= self.acknowledged):
            _, command = self._later.popleft()
            self._second_under_way[command.id] = command
            self._produce(producer, command)

    def _begin(self, producer: Producer, command: Command) -> None:
        self._under_way[command.account] = command
        self._produce(producer, command)

    def _produce(self, producer: Producer, command: Command) -> None:
        try:
            producer.produce(
                ledger.COMMANDS,
                key=command.account,
                value=command.value,
                on_delivery=partial(self._delivered, producer, command),
            )
        except KafkaException:
            self._failed = True

    def _delivered(
        self, producer: Producer, command: Command, error: KafkaError | None, _message: Message
    ) -> None:
        """Go on with the account; a command that was not taken is sent again by a producer that still can."""
        if error is not None:
            self._failed = True
            return
        if self._second_under_way.pop(command.id, None) is not None:
            self.acknowledged += 1
            return
        if self._under_way.get(command.account) is not command:
            return
        del self._under_way[command.account]
        self.acknowledged += 1
        if command.twice:
            self._later.append((self.acknowledged + command.number % _LATER, command))
        if waiting := self._waiting.get(command.account):
            self._begin(producer, waiting.popleft())

    def _error(self, error: KafkaError) -> None:
        if error.fatal():
            self._failed = True
