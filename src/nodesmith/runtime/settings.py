"""What a node is told by its environment; `run_node` puts flags and the config file there first."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.runtime.addresses import read_address

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_FORMATS = ("console", "json")
MAX_PORT = 65535

DAY_SECONDS = 86_400.0
MEBIBYTE = 1_048_576
# Kafka's own default of what a topic takes.
LARGEST_RECORD_BYTES = 1_048_588
# A group gives a member up that is silent for `max.poll.interval.ms`, five minutes.
LONGEST_REBALANCE_SECONDS = 240.0
# A node's word holds for three heartbeats, and nobody believes a word that is to hold for longer than an hour.
LONGEST_HEARTBEAT_SECONDS = 1_200.0

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """How a node runs, whatever it does. A `health_port` of 0 is any free one.

    `answers_url` and `state_url` name PostgreSQL databases for the records of answers and for a reducer's state; without
    one they are in the data folder.
    """

    health_host: str = "127.0.0.1"
    health_port: int = 0
    log_level: str = "INFO"
    log_format: str = "console"
    drain_seconds: float = 30.0
    heartbeat_seconds: float = 10.0
    answers_url: str = field(default="", repr=False)  # it may hold a password
    state_url: str = field(default="", repr=False)
    answer_keep_seconds: float = DAY_SECONDS
    answer_keep_bytes: int = 256 * MEBIBYTE
    answer_lease_seconds: float = 10.0
    outbox_max_records: int = 100_000
    outbox_max_bytes: int = 256 * MEBIBYTE
    command_max_bytes: int = LARGEST_RECORD_BYTES
    prefetch_max_records: int = 4_000
    prefetch_max_bytes: int = 64 * MEBIBYTE
    rebalance_seconds: float = 10.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> NodeSettings:
        """Return the settings; raise InputError for a value that cannot be one."""
        values = os.environ if environment is None else environment
        default = cls()
        return cls(
            health_host=values.get("HEALTH_HOST") or default.health_host,
            health_port=read_port("HEALTH_PORT", values.get("HEALTH_PORT") or "0"),
            log_level=read_log_level("LOG_LEVEL", values.get("LOG_LEVEL") or default.log_level),
            log_format=read_log_format("LOG_FORMAT", values.get("LOG_FORMAT") or default.log_format),
            drain_seconds=read_seconds(values, "DRAIN_SECONDS", default.drain_seconds, least=0.0),
            heartbeat_seconds=read_seconds(
                values,
                "HEARTBEAT_SECONDS",
                default.heartbeat_seconds,
                least=0.1,
                most=LONGEST_HEARTBEAT_SECONDS,
            ),
            answers_url=_postgresql_url(values, "NODESMITH_ANSWERS_URL"),
            state_url=_postgresql_url(values, "NODESMITH_STATE_URL"),
            answer_keep_seconds=read_seconds(
                values, "ANSWER_KEEP_SECONDS", default.answer_keep_seconds, least=0.0
            ),
            answer_keep_bytes=read_count(values, "ANSWER_KEEP_BYTES", default.answer_keep_bytes),
            answer_lease_seconds=read_seconds(
                values, "ANSWER_LEASE_SECONDS", default.answer_lease_seconds, least=0.5
            ),
            outbox_max_records=read_count(values, "OUTBOX_MAX_RECORDS", default.outbox_max_records),
            outbox_max_bytes=read_count(values, "OUTBOX_MAX_BYTES", default.outbox_max_bytes),
            command_max_bytes=read_count(values, "COMMAND_MAX_BYTES", default.command_max_bytes),
            prefetch_max_records=read_count(values, "PREFETCH_MAX_RECORDS", default.prefetch_max_records),
            prefetch_max_bytes=read_count(values, "PREFETCH_MAX_BYTES", default.prefetch_max_bytes),
            rebalance_seconds=read_seconds(
                values,
                "REBALANCE_SECONDS",
                default.rebalance_seconds,
                least=0.0,
                most=LONGEST_REBALANCE_SECONDS,
            ),
        )


def event_bus_skipped() -> bool:
    """Return whether NODESMITH_SKIP_EVENT_BUS asks the node to stay off the bus."""
    value = os.environ.get("NODESMITH_SKIP_EVENT_BUS", "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise InputError(f"NODESMITH_SKIP_EVENT_BUS is {value!r}", fix="use 1 or 0")


def data_directory() -> Path:
    """Return NODESMITH_DATA_DIR, else the user's state folder: `$XDG_STATE_HOME` or `~/.local/state`, `/nodesmith`."""
    if chosen := os.environ.get("NODESMITH_DATA_DIR"):
        return Path(chosen)
    state_home = os.environ.get("XDG_STATE_HOME")
    return (Path(state_home) if state_home else Path.home() / ".local" / "state") / "nodesmith"


def read_port(name: str, text: str) -> int:
    """Return a port number, 0 included; raise InputError that calls the setting `name`."""
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= MAX_PORT:
        raise InputError(f"{name} is {text!r}", fix=f"use a number from 0 (any free port) to {MAX_PORT}")
    return port


def read_log_level(name: str, text: str) -> str:
    """Return a level's name in capitals; raise InputError that calls the setting `name`."""
    level = text.upper()
    if level not in LOG_LEVELS:
        raise InputError(f"{name} is {text!r}", fix=f"use one of {', '.join(LOG_LEVELS)}")
    return level


def read_log_format(name: str, text: str) -> str:
    """Return how to log, in lower case; raise InputError that calls the setting `name`."""
    chosen = text.lower()
    if chosen not in LOG_FORMATS:
        raise InputError(f"{name} is {text!r}", fix=f"use one of {', '.join(LOG_FORMATS)}")
    return chosen


def read_seconds(
    values: Mapping[str, str], name: str, default: float, *, least: float, most: float = float("inf")
) -> float:
    """Return the number of seconds that `name` is set to, or the default; raise InputError outside the bounds."""
    text = values.get(name)
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= most or seconds == float("inf"):
        upto = "" if most == float("inf") else f" and at most {most:g}"
        raise InputError(f"{name} is {text!r}", fix=f"use a number of seconds, at least {least:g}{upto}")
    return seconds


def read_count(values: Mapping[str, str], name: str, default: int) -> int:
    """Return the whole number that `name` is set to, or the default; raise InputError where it is below 1."""
    text = values.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise InputError(f"{name} is {text!r}", fix="use a whole number, at least 1")
    return int(text)


def _postgresql_url(values: Mapping[str, str], name: str) -> str:
    """Return the URL; what is wrong with it is said without it, since it may hold a password."""
    text = read_address(name, environment=values)
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise InputError(
            f"{name} names no PostgreSQL database",
            fix="write postgresql://USER@HOST:PORT/DATABASE, or leave it out for a file in the data folder",
        )
    return text
