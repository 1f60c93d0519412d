"""Settings of every Kafka client of a node, and topics that must be there before it works."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from nodesmith.errors import InputError
from nodesmith.runtime.addresses import refuse_users
from nodesmith.runtime.further_settings import further_settings, variable_of
from nodesmith.runtime.permissions import DENIED, not_permitted
from nodesmith.runtime.security import client_security

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SettingValue = str | int | float | bool
ClientSettings = dict[str, Any]

client_logger = logging.getLogger("nodesmith.runtime.client")

_LOOK_AGAIN_SECONDS = 0.05

# A member that was killed is out of its group after this time; until then its partitions wait.
SESSION_MILLISECONDS = 6_000


def common_settings(
    *,
    bootstrap_servers: str,
    source: str,
    extra: Mapping[str, SettingValue] | None,
    environment: Mapping[str, str] | None = None,
) -> ClientSettings:
    """Return what a producer, a consumer and an admin client have in common; `extra` wins, and may hold credentials.

    What is in the environment (os.environ unless given) for all Kafka clients is in them: security, and further settings.
    Raises InputError for what cannot be.
    """
    variables = os.environ if environment is None else environment
    refuse_users(bootstrap_servers)
    settings = {
        "bootstrap.servers": bootstrap_servers,
        "client.id": source,
        "enable.metrics.push": False,
        # Without a logger librdkafka writes to standard error. Above this level it tells of every failed connection,
        # which comes through error_cb as well.
        "logger": client_logger,
        "log_level": 2,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
        "socket.connection.setup.timeout.ms": 5_000,
        **client_security(variables),
        **(extra or {}),
    }
    if further := further_settings(variables):
        _try_out(settings, further)
    return settings


def _try_out(settings: ClientSettings, further: Mapping[str, object]) -> None:
    """Raise InputError where the client does not know a person's setting, or not its value, before anything depends on it."""
    try:
        Producer(settings)
        Consumer({**settings, "group.id": "none"}).close()
    except (KafkaException, ValueError, TypeError) as error:
        names = ", ".join(variable_of(name) for name in further)
        reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        raise InputError(
            f"the Kafka client refuses its settings: {reason}",
            fix=f"see librdkafka's CONFIGURATION.md for the names; set are {names}",
        ) from None


def consumer_settings(common: Mapping[str, Any], *, group: str) -> ClientSettings:
    """Return the settings of a consumer that commits only what it is told to, from the first record on."""
    return {
        **common,
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": SESSION_MILLISECONDS,
        "heartbeat.interval.ms": SESSION_MILLISECONDS // 4,
        "topic.metadata.refresh.interval.ms": 30_000,
        "queued.max.messages.kbytes": 16_384,
        # A full queue of what was fetched ahead is looked at again after this time; the default, a second, is longer than it lasts.
        "fetch.queue.backoff.ms": 20,
        "fetch.wait.max.ms": 100,  # a partition that goes on after a pause waits for the fetch that is held
    }


def ensure_topics(common: Mapping[str, Any], topics: Iterable[str], *, seconds: float) -> None:
    """Create the topics that are missing, with the broker's own defaults; raise KafkaException where that fails.

    Raises NotPermittedError where the broker does not allow it.

    Blocks, at most about three times `seconds`. Brokers often do not create topics by themselves, and one that was asked
    to may deny for a moment that they are there, which a consumer would warn of.
    """
    admin = AdminClient(dict(common))
    wanted = set(topics)
    missing = wanted - _topics_there(admin, seconds)
    if not missing:
        return
    asked = [NewTopic(topic) for topic in sorted(missing)]
    made_topics = admin.create_topics(asked, operation_timeout=seconds, request_timeout=seconds)
    for topic, made in made_topics.items():
        try:
            made.result(timeout=seconds)
        except KafkaException as error:
            if error.args[0].code() in DENIED:
                raise not_permitted(common, f"see or create the topic {topic}") from error
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    deadline = time.monotonic() + seconds
    while missing - _topics_there(admin, seconds) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)


def _topics_there(admin: AdminClient, seconds: float) -> set[str]:
    return set(admin.list_topics(timeout=seconds).topics)
