"""The config file of a node, and the order in which it, flags and the environment count."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.runtime.further_settings import variable_of
from nodesmith.runtime.security import VARIABLES
from nodesmith.runtime.settings import read_log_format, read_log_level, read_port

if TYPE_CHECKING:
    from pathlib import Path

_KAFKA = "KAFKA_"

_Reader = Callable[[str, object], str]


def read_config(path: Path) -> dict[str, str]:
    """Return what a config file sets, by the names of the environment's variables; raise InputError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the config file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML: {error}") from error
    table = dict(_table(path, document))
    kafka = _as_table(f"{path}: kafka", table.pop("kafka", {}), "node.kafka")
    settings = {_KEYS[key][0]: _KEYS[key][1](f"{path}: {key}", value) for key, value in table.items()}
    return {**settings, **_kafka(path, kafka)}


def _table(path: Path, document: Mapping[str, object]) -> Mapping[str, object]:
    """Return the `[node]` table, or the keys at the top where there is no such table."""
    table = _as_table(f"{path}: node", document.get("node", document), "node")
    names = [*_KEYS, "kafka"]
    strays = [key for key in document if key != "node"] if "node" in document else []
    _check_keys(path, [*(key for key in table if key not in names), *strays], names)
    return table


def _kafka(path: Path, table: Mapping[str, object]) -> dict[str, str]:
    """Return what the `[node.kafka]` table says of the Kafka clients; no value is shown, since it may be a secret."""
    known = {name.removeprefix(_KAFKA).lower(): name for name in VARIABLES}
    names = [*known, "client"]
    _check_keys(path, [key for key in table if key not in names], names, within="kafka.")
    client = _as_table(f"{path}: kafka.client", table.get("client", {}), "node.kafka.client")
    return {
        **{known[key]: _hidden(f"{path}: kafka.{key}", table[key]) for key in table if key != "client"},
        **{variable_of(name): value for name, value in _flat(f"{path}: kafka.client", client)},
    }


def _flat(place: str, table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the client's settings: `socket.keepalive.enable = true`, which TOML takes for three tables, or its name in quotes."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(place, value, f"{prefix}{key}.")
        elif isinstance(value, (str, int, float)):
            yield f"{prefix}{key}", str(value).lower() if isinstance(value, bool) else str(value)
        else:
            raise InputError(
                f"{place}.{prefix}{key} is no value for a setting", fix="use a text, a number, true or false"
            )


def _as_table(place: str, value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InputError(f"{place} is no table", fix=f"write a [{name}] table")
    return value


def _check_keys(path: Path, strays: Sequence[str], known: Sequence[str], *, within: str = "") -> None:
    for key in strays:
        near = get_close_matches(key, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known)}"
        raise InputError(f"{path}: unknown key '{within}{key}'", fix=hint)


def _hidden(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{name} is not a text, or is empty", fix='write a text in quotes: "..."')
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{name} is {value!r}", fix="use a text that is not empty")
    return value


def _servers(name: str, value: object) -> str:
    """Accept `"a:9092,b:9092"` and `["a:9092", "b:9092"]`."""
    if isinstance(value, list):
        return ",".join(_text(name, server) for server in value)
    return _text(name, value)


def _flag(name: str, value: object) -> str:
    if not isinstance(value, bool):
        raise InputError(f"{name} is {value!r}", fix="use true or false")
    return "1" if value else "0"


def _port(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} is {value!r}", fix="use a number, 0 for any free port")
    return str(read_port(name, str(value)))


def _level(name: str, value: object) -> str:
    return read_log_level(name, _text(name, value))


def _log_format(name: str, value: object) -> str:
    return read_log_format(name, _text(name, value))


_KEYS: Mapping[str, tuple[str, _Reader]] = {
    "kafka_servers": ("KAFKA_BOOTSTRAP_SERVERS", _servers),
    "skip_event_bus": ("NODESMITH_SKIP_EVENT_BUS", _flag),
    "health_host": ("HEALTH_HOST", _text),
    "health_port": ("HEALTH_PORT", _port),
    "log_level": ("LOG_LEVEL", _level),
    "log_format": ("LOG_FORMAT", _log_format),
    "data_dir": ("NODESMITH_DATA_DIR", _text),
}
