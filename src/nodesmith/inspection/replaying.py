"""Send dead letters back to where they came from, in the order in which they became dead letters, key by key."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from confluent_kafka import Producer

from nodesmith.errors import NodesmithError
from nodesmith.records import dataclass
from nodesmith.runtime.dead_letters import read_dead_letter, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from confluent_kafka import KafkaError, Message

    from nodesmith.inspection.dead_letter_rows import Place
    from nodesmith.inspection.dead_letter_topic import DeadLetterTopic
    from nodesmith.runtime.dead_letters import DeadLetter
    from nodesmith.runtime.records import IncomingRecord

ACKNOWLEDGE_SECONDS = 30.0
_POLL_SECONDS = 0.1
# What was acknowledged once came from a broker: whether it still takes it is for the broker to say.
_LARGEST_RECORD_BYTES = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a replay: how many went where, and why others did not."""

    sent: Mapping[str, int]
    problems: tuple[str, ...]


class Replay:
    """One replay. `told` is called with the number of dead letters that are done with."""

    def __init__(self, source: DeadLetterTopic, *, told: Callable[[int], None]) -> None:
        self._source = source
        self._told = told
        self._sent: Counter[str] = Counter()
        self._problems: list[str] = []
        self._producer = Producer(
            {
                **source.client.settings,
                "enable.idempotence": True,
                "message.timeout.ms": int(ACKNOWLEDGE_SECONDS * 1000),
                "message.max.bytes": _LARGEST_RECORD_BYTES,
            }
        )

    def run(self, places: Collection[Place]) -> Replayed:
        """Send the dead letters at `places` and return when each is acknowledged or has failed."""
        try:
            for record in self._source.records(places):
                self._send(record)
        finally:
            # Also where a person ends it: what is under way arrives or not, but is told.
            self._wait()
        missing = len(places) - self._done
        if missing > 0:
            self._problems.append(f"{missing} were no longer there, or were not acknowledged")
        return Replayed(sent=dict(self._sent), problems=tuple(self._problems))

    @property
    def _done(self) -> int:
        return self._sent.total() + len(self._problems)

    def _send(self, record: IncomingRecord) -> None:
        place = f"{record.partition}:{record.offset}"
        try:
            letter = read_dead_letter(record)
        except NodesmithError as error:
            self._fail(place, error.message)
            return
        if problem := self._problem(letter):
            self._fail(place, problem)
            return
        back = replay(letter)

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                self._fail(place, f"{back.topic} did not take it: {error.str()}")
            else:
                self._sent[back.topic] += 1
                self._told(self._done)

        # To the partition it came from, so that it meets the others of its key whoever chose that partition.
        partition = letter.partition if letter.partition < self._source.topics[letter.topic] else -1
        while True:
            try:
                self._producer.produce(
                    back.topic,
                    value=back.value,
                    key=back.key,
                    headers=list(back.headers),
                    partition=partition,
                    on_delivery=delivered,
                )
            except BufferError:
                self._producer.poll(_POLL_SECONDS)
            else:
                self._producer.poll(0)
                return

    def _problem(self, letter: DeadLetter) -> str:
        origin = f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"
        if letter.cut_from is not None:
            return f"only its beginning was kept; the whole record was at {origin}"
        if letter.topic not in self._source.topics:
            return f"its topic {letter.topic} is not there"
        return ""

    def _wait(self) -> None:
        """Return when everything has been told, at the latest a little after the client gives up on its own."""
        deadline = time.monotonic() + ACKNOWLEDGE_SECONDS + 5
        while len(self._producer) and time.monotonic() < deadline:
            self._producer.poll(_POLL_SECONDS)
        self._producer.purge()
        self._producer.poll(0)

    def _fail(self, place: str, why: str) -> None:
        self._problems.append(f"{place}: {why}")
        self._told(self._done)
