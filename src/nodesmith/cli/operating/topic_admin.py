"""Topics as an operator sees them and changes them, on any broker that speaks Kafka's protocol.

Every call has a deadline; where no broker answers, that is a BusUnavailableError with the reason.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the package lists no exports
    AdminClient,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

from nodesmith.errors import InputError, NodesmithError, SystemFailedError
from nodesmith.inspection.dead_letter_topic import reading_client
from nodesmith.records import dataclass
from nodesmith.runtime.groupless_client import ASK_SECONDS
from nodesmith.runtime.permissions import DENIED, not_permitted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from concurrent.futures import Future

    from nodesmith.runtime.groupless_client import GrouplessClient

BROKERS_CHOICE = -1
# Each group is a question of its own.
MOST_GROUPS = 500

_LOOK_AGAIN_SECONDS = 0.05
_TIMED_OUT: int = KafkaError._TIMED_OUT  # noqa: SLF001 - its public name
_UNKNOWN_HERE = frozenset(
    {KafkaError.UNSUPPORTED_VERSION, KafkaError._UNSUPPORTED_FEATURE}  # noqa: SLF001 - public names
)
_UNANSWERED = frozenset(
    {_TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN}  # noqa: SLF001 - public names
)
_ASKED_WRONG = frozenset(
    {
        KafkaError.INVALID_CONFIG,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.INVALID_REQUEST,
        KafkaError.POLICY_VIOLATION,
        KafkaError.TOPIC_ALREADY_EXISTS,
        KafkaError.TOPIC_EXCEPTION,  # the name
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPartitionFacts:
    """One partition; offsets are None where it has no leader that could tell, and so is `leader`."""

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    low: int | None
    high: int | None

    @property
    def records(self) -> int | None:
        """Return how many records it has at most: where they were compacted, offsets have gaps."""
        return None if self.low is None or self.high is None else self.high - self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFacts:
    """One topic and its partitions, by number."""

    name: str
    partitions: tuple[TopicPartitionFacts, ...]

    @property
    def replication(self) -> int:
        """Return how many replicas each partition has, the fewest."""
        return min((len(partition.replicas) for partition in self.partitions), default=0)

    @property
    def records(self) -> int | None:
        """Return how many records there are at most, None where a partition cannot tell."""
        counts = [partition.records for partition in self.partitions]
        return None if None in counts else sum(count or 0 for count in counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSetting:
    """A setting that is not Kafka's default, and whether it was given to the `topic` or to the `broker`."""

    name: str
    value: str | None
    given_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupProgress:
    """A group that has committed offsets in a topic; `lag` is of those of its partitions where it has."""

    group: str
    state: str
    partitions: int
    lag: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicGroups:
    """The groups of a topic, and what is to be said where not all of them could be looked at."""

    found: tuple[GroupProgress, ...]
    remark: str = ""


def is_internal(name: str) -> bool:
    """Return whether a topic is a broker's own, by the convention that Kafka and its like keep."""
    return name.startswith("__")


class TopicAdmin:
    """What can be asked and done about topics."""

    def __init__(self, client: GrouplessClient) -> None:
        self._client = client
        self._admin = AdminClient(client.settings)

    def names(self) -> list[str]:
        """Return the names of all topics, internal ones among them."""
        return sorted(self._client.topics())

    def facts(self, wants: Callable[[str], bool]) -> list[TopicFacts]:
        """Return the topics whose name is wanted, by name."""
        with self._client.asking():
            # The client that asks for offsets has to know the leaders first, or takes seconds to find out.
            self._admin.list_topics(timeout=ASK_SECONDS)
            topics = self._client.consumer.list_topics(timeout=ASK_SECONDS).topics
        chosen = {
            name: topic for name, topic in sorted(topics.items()) if wants(name) and topic.error is None
        }
        places = [
            TopicPartition(name, number)
            for name, topic in chosen.items()
            for number, partition in topic.partitions.items()
            if partition.leader >= 0
        ]
        low = self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        high = self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return [
            TopicFacts(
                name=name,
                partitions=tuple(
                    TopicPartitionFacts(
                        number=number,
                        leader=partition.leader if partition.leader >= 0 else None,
                        replicas=tuple(partition.replicas),
                        in_sync=tuple(partition.isrs),
                        low=low.get((name, number)),
                        high=high.get((name, number)),
                    )
                    for number, partition in sorted(topic.partitions.items())
                ),
            )
            for name, topic in chosen.items()
        ]

    def known(self, *names: str) -> list[TopicFacts]:
        """Return the topics of these names; raise InputError where one is not there."""
        found = {topic.name: topic for topic in self.facts(set(names).__contains__)}
        missing = [name for name in names if name not in found]
        if missing:
            has_user = "security.protocol" in self._client.settings
            raise _not_there(missing, self.names(), remark=" that it shows to this user" if has_user else "")
        return [found[name] for name in dict.fromkeys(names)]

    def settings(self, name: str) -> list[TopicSetting]:
        """Return what of a topic's settings is not Kafka's default."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        answer = self._admin.describe_configs([resource], request_timeout=ASK_SECONDS)[resource]
        entries = self._result(
            answer, f"see the settings of the topic {name}", f"the settings of {name}"
        ).values()
        chosen = [entry for entry in entries if not (entry.is_default or entry.source == _DEFAULT)]
        return [
            TopicSetting(
                name=entry.name,
                value="(secret)" if entry.is_sensitive else entry.value,
                given_to="topic" if entry.source == _TOPICS_OWN else "broker",
            )
            for entry in sorted(chosen, key=lambda entry: str(entry.name))
        ]

    def groups(self, topic: TopicFacts) -> TopicGroups:
        """Return the groups that have committed offsets in a topic, with their lag."""
        listed = self._result(
            self._admin.list_consumer_groups(request_timeout=ASK_SECONDS), "list groups", "the groups"
        ).valid
        asked = {group.group_id: group.state.name.lower() for group in listed[:MOST_GROUPS]}
        places = [TopicPartition(topic.name, partition.number) for partition in topic.partitions]
        answers = {
            group: self._admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(group, places)], request_timeout=ASK_SECONDS
            )[group]
            for group in asked
        }
        found, unseen = [], len(listed) - len(asked)
        for group, answer in sorted(answers.items()):
            try:
                committed = answer.result(2 * ASK_SECONDS).topic_partitions
            except KafkaException:  # one this user may not see, or whose coordinator is away
                unseen += 1
                continue
            if progress := _progress(topic, group, asked[group], committed):
                found.append(progress)
        return TopicGroups(
            found=tuple(found), remark=f"{unseen} groups could not be looked at" if unseen else ""
        )

    def create(
        self,
        name: str,
        *,
        partitions: int = BROKERS_CHOICE,
        replication: int = BROKERS_CHOICE,
        settings: Mapping[str, str],
        may_exist: bool = False,
        only_check: bool = False,
    ) -> bool:
        """Make a topic, and tell whether it is new; raise InputError where the broker takes something of it for wrong."""
        topic = NewTopic(name, partitions, replication, config=dict(settings))
        answer = self._admin.create_topics([topic], validate_only=only_check, **_DEADLINES)[name]
        try:
            answer.result(2 * ASK_SECONDS)
        except (KafkaException, TimeoutError) as error:
            if may_exist and _code(error) == KafkaError.TOPIC_ALREADY_EXISTS:
                return False
            raise self._error(error, f"create the topic {name}", f"topic '{name}' was not created") from error
        if not only_check:
            self._wait_until(lambda topics: name in topics)
        return True

    def grow(self, name: str, partitions: int, *, only_check: bool = False) -> None:
        """Give a topic more partitions, so many in all."""
        asked = NewPartitions(name, partitions)
        answer = self._admin.create_partitions([asked], validate_only=only_check, **_DEADLINES)[name]
        self._result(answer, f"alter the topic {name}", f"topic '{name}' did not get more partitions")
        if not only_check:
            self._wait_until(lambda topics: topics.get(name) == partitions)

    def delete(self, names: Collection[str]) -> dict[str, NodesmithError | None]:
        """Delete topics with all their records, and return of each what went wrong, if anything."""
        answers = self._admin.delete_topics(list(names), **_DEADLINES)
        outcome: dict[str, NodesmithError | None] = {}
        for name, answer in answers.items():
            try:
                self._result(answer, f"delete the topic {name}", f"topic '{name}' was not deleted")
                outcome[name] = None
            except NodesmithError as error:
                outcome[name] = error
        gone = {name for name, error in outcome.items() if error is None}
        self._wait_until(lambda topics: not gone & topics.keys())
        return outcome

    def _offsets(self, places: list[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        """Return an offset of each partition that tells it."""
        if not places:
            return {}
        answers = self._admin.list_offsets(dict.fromkeys(places, spec), request_timeout=ASK_SECONDS)
        found = {}
        for place, answer in answers.items():
            try:
                found[place.topic, place.partition] = answer.result(2 * ASK_SECONDS).offset
            except KafkaException as error:
                if error.args[0].code() in DENIED:
                    raise not_permitted(self._client.settings, f"describe the topic {place.topic}") from error
        return found

    def _wait_until(self, is_done: Callable[[Mapping[str, int]], bool]) -> None:
        """Return once this broker tells everybody of a change: in a cluster that comes a little after the answer."""
        deadline = time.monotonic() + ASK_SECONDS
        while not is_done(self._client.topics()) and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _result(self, answer: Future[Any], deed: str, failed: str) -> Any:
        try:
            return answer.result(2 * ASK_SECONDS)
        except (KafkaException, TimeoutError) as error:
            raise self._error(error, deed, failed) from error

    def _error(self, error: KafkaException | TimeoutError, deed: str, failed: str) -> NodesmithError:
        code = _code(error)
        if code in _UNANSWERED:
            return self._client.unavailable()
        if code in DENIED:
            return not_permitted(self._client.settings, deed)
        if code in _UNKNOWN_HERE:
            return SystemFailedError(f"{failed}: this broker cannot do that")
        message = f"{failed}: {error.args[0].str()}"
        return (
            InputError(message, fix=_FIXES.get(code, ""))
            if code in _ASKED_WRONG
            else SystemFailedError(message)
        )


_DEADLINES: Mapping[str, Any] = {"operation_timeout": ASK_SECONDS, "request_timeout": 2 * ASK_SECONDS}
_DEFAULT, _TOPICS_OWN = ConfigSource.DEFAULT_CONFIG.value, ConfigSource.DYNAMIC_TOPIC_CONFIG.value
_FIXES = {
    KafkaError.TOPIC_ALREADY_EXISTS: "see it with `nodesmith topics describe`; --if-not-exists takes it as it is",
    KafkaError.INVALID_REPLICATION_FACTOR: "ask for as many replicas as there are brokers at most, or leave --replication out",
    KafkaError.INVALID_CONFIG: "settings have Kafka's own names and units: --config retention.ms=86400000",
    KafkaError.TOPIC_EXCEPTION: "use letters, digits, '.', '_' and '-', 249 of them at most",
}


@contextmanager
def topics_of(servers: str) -> Iterator[TopicAdmin]:
    """Give what asks about topics and changes them; raise BusUnavailableError where no broker answers."""
    client = reading_client(servers)
    try:
        client.topics()
        yield TopicAdmin(client)
    finally:
        client.consumer.close()


def _code(error: KafkaException | TimeoutError) -> int:
    """Return the error's number; that nothing came at all is one as well."""
    if isinstance(error, TimeoutError):
        return _TIMED_OUT
    code: int = error.args[0].code()
    return code


def _progress(
    topic: TopicFacts, group: str, state: str, committed: Collection[TopicPartition]
) -> GroupProgress | None:
    """Return how far a group is, None where it has committed nothing here."""
    ends = {partition.number: partition.high for partition in topic.partitions}
    places = [place for place in committed if place.offset >= 0 and place.error is None]
    if not places:
        return None
    lags = [
        None if (end := ends[place.partition]) is None else max(0, end - place.offset) for place in places
    ]
    lag = None if None in lags else sum(each or 0 for each in lags)
    return GroupProgress(group=group, state=state, partitions=len(places), lag=lag)


def _not_there(missing: Collection[str], names: Collection[str], *, remark: str) -> InputError:
    near = [match for name in missing for match in get_close_matches(name, names, n=1)]
    listed = ", ".join(f"'{name}'" for name in missing)
    return InputError(
        f"there is no topic {listed} on this bus{remark}",
        fix=f"did you mean {', '.join(near)}?"
        if near
        else "see with `nodesmith topics list` which there are",
    )
