"""The config file of a node, and the order in which it, flags and the environment count."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nodesmith.errors import InputError
from nodesmith.runtime.settings import read_log_level, read_port

if TYPE_CHECKING:
    from pathlib import Path

_Reader = Callable[[str, object], str]


def read_config(path: Path) -> dict[str, str]:
    """Return what a config file sets, by the names of the environment's variables; raise InputError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the config file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML: {error}") from error
    return {
        _KEYS[key][0]: _KEYS[key][1](f"{path}: {key}", value) for key, value in _table(path, document).items()
    }


def _table(path: Path, document: Mapping[str, object]) -> Mapping[str, object]:
    """Return the `[node]` table, or the keys at the top where there is no such table."""
    table = document.get("node", document)
    if not isinstance(table, Mapping):
        raise InputError(f"{path}: node is {table!r}", fix="write a [node] table")
    strays = [key for key in document if key != "node"] if "node" in document else []
    for key in [*(key for key in table if key not in _KEYS), *strays]:
        near = get_close_matches(key, _KEYS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(_KEYS)}"
        raise InputError(f"{path}: unknown key '{key}'", fix=hint)
    return table


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


_KEYS: Mapping[str, tuple[str, _Reader]] = {
    "kafka_servers": ("KAFKA_BOOTSTRAP_SERVERS", _servers),
    "skip_event_bus": ("NODESMITH_SKIP_EVENT_BUS", _flag),
    "health_host": ("HEALTH_HOST", _text),
    "health_port": ("HEALTH_PORT", _port),
    "log_level": ("LOG_LEVEL", _level),
    "data_dir": ("NODESMITH_DATA_DIR", _text),
}
