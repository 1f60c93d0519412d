"""What a topic can be told, by Kafka's own names: how long records stay, and how its log is cut into segments."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from kio.schema.errors import ErrorCode

from nodesmith.broker.records import MAX_BATCH_BYTES
from nodesmith.broker.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DELETE, COMPACT = "delete", "compact"
OFF = -1

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DAY_MS = 24 * 3600 * 1000
_LARGEST_INT, _LARGEST_LONG = 2**31 - 1, 2**63 - 1
_SMALLEST_SEGMENT = 1024 * 1024  # Kafka takes no less
_USUAL_SEGMENT = 32 * 1024 * 1024
# Segments go whole: with fewer of them, much more than was asked for would stay.
_SEGMENTS_KEPT = 4
_LARGEST_BATCH = 64 * 1024 * 1024

# What else Kafka knows for a topic. It is taken without complaint, since programs that make topics set it, and not heeded.
UNHEEDED = frozenset(
    "compression.gzip.level compression.lz4.level compression.type compression.zstd.level file.delete.delay.ms flush.messages "
    "flush.ms follower.replication.throttled.replicas index.interval.bytes leader.replication.throttled.replicas "
    "local.retention.bytes local.retention.ms max.compaction.lag.ms message.timestamp.after.max.ms "
    "message.timestamp.before.max.ms message.timestamp.type min.compaction.lag.ms min.insync.replicas preallocate "
    "remote.storage.enable segment.index.bytes segment.jitter.ms unclean.leader.election.enable".split()
)


class SettingType(NamedTuple):
    """How Kafka's DescribeConfigs numbers the type of a value."""

    number: int
    name: str


INT, LONG, DOUBLE, LIST = (
    SettingType(3, "int"),
    SettingType(5, "long"),
    SettingType(6, "double"),
    SettingType(7, "list"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """A topic's settings as they hold; `retention_bytes` and `retention_ms` are -1 where they are off."""

    cleanup_policy: frozenset[str] = frozenset({DELETE})
    retention_bytes: int = OFF
    retention_ms: int = OFF
    segment_bytes: int = _USUAL_SEGMENT
    segment_ms: int = 7 * _DAY_MS
    delete_retention_ms: int = _DAY_MS
    min_cleanable_dirty_ratio: float = 0.5
    max_message_bytes: int = MAX_BATCH_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    type: SettingType
    field: str
    read: Callable[[str], object]


def _number(smallest: int, largest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text.strip()) or not smallest <= int(text) <= largest:
            raise ValueError(f"a number from {smallest} to {largest} is asked for")
        return int(text)

    return read


def _ratio(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError("a number from 0 to 1 is asked for")
    return number


def _policy(text: str) -> frozenset[str]:
    policies = frozenset(part.strip() for part in text.split(","))
    if not policies <= {DELETE, COMPACT}:
        raise ValueError(f"{DELETE}, {COMPACT}, or both with a comma between are asked for")
    return policies


_SETTINGS = {
    "cleanup.policy": _Setting(type=LIST, field="cleanup_policy", read=_policy),
    "delete.retention.ms": _Setting(type=LONG, field="delete_retention_ms", read=_number(0, _LARGEST_LONG)),
    "max.message.bytes": _Setting(type=INT, field="max_message_bytes", read=_number(0, _LARGEST_BATCH)),
    "min.cleanable.dirty.ratio": _Setting(type=DOUBLE, field="min_cleanable_dirty_ratio", read=_ratio),
    "retention.bytes": _Setting(type=LONG, field="retention_bytes", read=_number(-1, _LARGEST_LONG)),
    "retention.ms": _Setting(type=LONG, field="retention_ms", read=_number(-1, _LARGEST_LONG)),
    "segment.bytes": _Setting(type=INT, field="segment_bytes", read=_number(_SMALLEST_SEGMENT, _LARGEST_INT)),
    "segment.ms": _Setting(type=LONG, field="segment_ms", read=_number(1, _LARGEST_LONG)),
}


def settled(said: Mapping[str, str], *, retention_bytes: int = OFF) -> TopicSettings:
    """Return what holds for a topic of which this was said; `retention_bytes` is the broker's own.

    Raises `RefusedError` with the name of what is no setting or has no such value.
    """
    for name in said.keys() - _SETTINGS.keys() - UNHEEDED:
        raise RefusedError(ErrorCode.invalid_config, f"Unknown topic config name: {name}")
    values: dict[str, Any] = {
        setting.field: _read(name, setting, said[name]) for name, setting in _SETTINGS.items() if name in said
    }
    settings = replace(TopicSettings(retention_bytes=retention_bytes), **values)
    if "segment.bytes" in said or settings.retention_bytes == OFF:
        return settings
    enough = max(_SMALLEST_SEGMENT, settings.retention_bytes // _SEGMENTS_KEPT)
    return replace(settings, segment_bytes=min(_USUAL_SEGMENT, enough))


def _read(name: str, setting: _Setting, text: str) -> object:
    try:
        return setting.read(text)
    except (ValueError, OverflowError) as error:
        raise RefusedError(
            ErrorCode.invalid_config, f"Invalid value {text} for configuration {name}: {error}"
        ) from error


def is_list(name: str) -> bool:
    """Tell whether a setting is a list, to which a value can be added."""
    return name in _SETTINGS and _SETTINGS[name].type is LIST


def shown(settings: TopicSettings) -> dict[str, tuple[str, SettingType]]:
    """Return each setting as text, with its type, by Kafka's name."""
    return {name: (_text(getattr(settings, one.field)), one.type) for name, one in _SETTINGS.items()}


def heeded(said: Mapping[str, str]) -> dict[str, str]:
    """Return of what was said the part that is a setting here."""
    return {name: value for name, value in said.items() if name in _SETTINGS}


def _text(value: object) -> str:
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)
