"""Settings of topics and of the broker: shown, and those of topics changed."""

from __future__ import annotations

import logging
from enum import IntEnum
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.records import MAX_BATCH_BYTES
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.state import NODE_ID
from nodesmith.broker.topic_settings import OFF, UNHEEDED, is_list, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kio.schema.alter_configs.v1.request import AlterConfigsRequest
    from kio.schema.describe_configs.v3.request import DescribeConfigsRequest, DescribeConfigsResource
    from kio.schema.incremental_alter_configs.v1.request import (
        AlterableConfig,
        IncrementalAlterConfigsRequest,
    )

    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState
    from nodesmith.broker.topics import Topic

logger = logging.getLogger(__name__)

_TOPIC, _BROKER = 2, 4
_TOPICS_OWN, _BROKERS_OWN, _DEFAULT = 1, 4, 5
_BOOLEAN, _STRING, _INT, _LONG = 1, 2, 3, 5


class _Change(IntEnum):
    SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3


def describe_configs(state: BrokerState, call: Call) -> Reply:
    """Show the settings of topics and of the broker."""
    request: DescribeConfigsRequest = call.request
    return {"results": [_describe(state, resource) for resource in request.resources]}


def _describe(state: BrokerState, resource: DescribeConfigsResource) -> Reply:
    wanted = resource.configuration_keys
    code, message, configs = ErrorCode.none, None, []
    try:
        configs = list(_settings(state, resource.resource_type, resource.resource_name))
    except RefusedError as refused:
        code, message = refused.code, refused.message
    return {
        "error_code": code,
        "error_message": message,
        "resource_type": resource.resource_type,
        "resource_name": resource.resource_name,
        "configs": [config for config in configs if wanted is None or config["name"] in wanted],
    }


def _settings(state: BrokerState, kind: int, name: str) -> Iterator[Reply]:
    if kind == _TOPIC:
        topic = state.topics.find(name)
        if topic is None:
            raise RefusedError(ErrorCode.unknown_topic_or_partition, f"there is no topic '{name}'")
        return _topic_settings(state, topic)
    if kind == _BROKER and name in {"", str(NODE_ID)}:
        return _broker_settings(state)
    raise RefusedError(
        ErrorCode.invalid_request, f"there are settings of topics and of broker {NODE_ID} only"
    )


def _topic_settings(state: BrokerState, topic: Topic) -> Iterator[Reply]:
    brokers = {"retention.bytes"} if state.topics.retention_bytes != OFF else set()
    for name, (value, kind) in shown(topic.partitions[0].settings).items():
        source = _TOPICS_OWN if name in topic.said else _BROKERS_OWN if name in brokers else _DEFAULT
        yield _config(name, value, kind.number, source=source)
    for name, value in (
        ("compression.type", "producer"),
        ("message.timestamp.type", "CreateTime"),
        ("min.insync.replicas", "1"),
    ):
        yield _config(name, value, _STRING, read_only=True)


def _broker_settings(state: BrokerState) -> Iterator[Reply]:
    topics = state.topics
    for name, value, kind in (
        ("auto.create.topics.enable", "true", _BOOLEAN),
        ("broker.id", NODE_ID, _INT),
        ("default.replication.factor", 1, _INT),
        ("log.dirs", topics.folder, _STRING),
        ("log.retention.bytes", topics.retention_bytes, _LONG),
        ("log.retention.ms", OFF, _LONG),
        ("message.max.bytes", MAX_BATCH_BYTES, _INT),
        ("num.partitions", topics.default_partitions, _INT),
    ):
        yield _config(name, str(value), kind, read_only=True)


def _config(name: str, value: str, kind: int, *, source: int = _DEFAULT, read_only: bool = False) -> Reply:
    return {
        "name": name,
        "value": value,
        "read_only": read_only,
        "config_source": source,
        "is_sensitive": False,
        "synonyms": (),
        "config_type": kind,
        "documentation": None,
    }


def alter_configs(state: BrokerState, call: Call) -> Reply:
    """Give topics exactly these settings, the older of the two ways."""
    request: AlterConfigsRequest = call.request
    return {
        "responses": [
            _answer(
                state,
                resource.resource_type,
                resource.resource_name,
                {config.name: config.value or "" for config in resource.configs},
                only_check=request.validate_only,
            )
            for resource in request.resources
        ]
    }


def incremental_alter_configs(state: BrokerState, call: Call) -> Reply:
    """Change some settings of topics and leave the others as they are."""
    request: IncrementalAlterConfigsRequest = call.request
    answers = []
    for resource in request.resources:
        kind, name = resource.resource_type, resource.resource_name
        try:
            said = _changed(state, kind, name, resource.configs)
        except RefusedError as refused:
            answers.append(_altered(kind, name, refused))
        except ValueError as error:  # no such operation
            answers.append(_altered(kind, name, RefusedError(ErrorCode.invalid_request, str(error))))
        else:
            answers.append(_answer(state, kind, name, said, only_check=request.validate_only))
    return {"responses": answers}


def _changed(
    state: BrokerState, kind: int, name: str, changes: tuple[AlterableConfig, ...]
) -> Mapping[str, str]:
    topic = state.topics.find(name) if kind == _TOPIC else None
    if topic is None:
        return {}  # which is refused where it is put to use
    said = dict(topic.said)
    current = shown(topic.partitions[0].settings)
    for change in changes:
        operation = _Change(change.config_operation)
        value = change.value or ""
        if operation is _Change.SET:
            said[change.name] = value
        elif operation is _Change.DELETE:
            said.pop(change.name, None)
        elif is_list(change.name):
            rest = [part for part in current[change.name][0].split(",") if part not in {"", value}]
            said[change.name] = ",".join([*rest, value] if operation is _Change.APPEND else rest)
        else:
            raise RefusedError(ErrorCode.invalid_config, f"'{change.name}' is no list to add to")
    return said


def _answer(state: BrokerState, kind: int, name: str, said: Mapping[str, str], *, only_check: bool) -> Reply:
    if kind != _TOPIC:
        words = "only topics' settings can be changed; the broker's own are options of `nodesmith broker`"
        return _altered(kind, name, RefusedError(ErrorCode.invalid_request, words))
    try:
        if only_check:
            state.topics.check_change(name, said)
        else:
            state.topics.change(name, said)
    except RefusedError as refused:
        return _altered(kind, name, refused)
    warn_of_unheeded(name, said)
    return _altered(kind, name, None)


def _altered(kind: int, name: str, refused: RefusedError | None) -> Reply:
    return {
        "error_code": ErrorCode.none if refused is None else refused.code,
        "error_message": None if refused is None else refused.message,
        "resource_type": kind,
        "resource_name": name,
    }


def warn_of_unheeded(topic: str, said: Mapping[str, str]) -> None:
    """Say in the log which of a topic's settings have no effect here."""
    names = sorted(said.keys() & UNHEEDED)
    if names:
        logger.warning("topic '%s': this broker pays no heed to %s", topic, ", ".join(names))
