"""Writes plain data as YAML that YAML 1.1 and 1.2 readers understand alike, keys in their own order.

Not PyYAML's emitter: that one quotes by the rules of 1.1 only, folds long texts, and takes longer than the rest of a
node's generation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 100
MAX_DEPTH = 200
MAX_PLAIN = 400
MAX_SIMPLE_KEY = 1000
MAX_REMEMBERED = 80
# From this depth on, a short mapping of scalars stands on one line: `input: {customer_id: uuid}`.
FLOW_DEPTH = 3

# Words that some version of YAML reads as a boolean or as nothing.
_NO_TEXT = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"])
_TO_ESCAPE = frozenset('"\\')
_FLOW_SIGNS = frozenset(",[]{}:#&*!|>'\"%@`?")
# Texts that begin with a digit and are no number to any reader: a version, a duration.
_NO_NUMBER = re.compile(r"\d+\.\d+\.\d+|\d+(?:ms|s|m|h)", re.ASCII)


def to_yaml(document: object) -> str:
    """Return `document` (mappings with text keys, lists, scalars) as YAML text that reads back equal.

    Raise TypeError for anything that is no plain data, and ValueError for what YAML cannot hold: a number that is not
    finite, half a surrogate pair, something nested deeper than 200 levels.
    """
    if isinstance(document, Mapping) and document:
        return "\n".join(_mapping(document, 0)) + "\n"
    if isinstance(document, list | tuple) and document:
        return "\n".join(_sequence(document, 0)) + "\n"
    return _inline(document, 0) + "\n"


def yaml_entry(key: str, value: object, *, depth: int) -> str:
    """Return one entry of a mapping as `to_yaml` writes it where the mapping stands `depth` levels deep."""
    return "".join(f"{'  ' * depth if line else ''}{line}\n" for line in _mapping({key: value}, depth))


def _mapping(mapping: Mapping[object, object], depth: int) -> list[str]:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    lines: list[str] = []
    for key, value in mapping.items():
        written = _key(key)
        if len(written) > MAX_SIMPLE_KEY:
            lines.append(f"? {written}")
            written = ""
        lines += _entry(f"{written}:", value, depth)
    return lines


def _entry(start: str, value: object, depth: int) -> list[str]:
    if isinstance(value, str) and _may_be_block(value):
        return [f"{start} {_block_header(value)}", *_indented(value.rstrip("\n").split("\n"))]
    if _is_mapping(value) and value and not _flows(start, value, depth + 1):
        return [start, *_indented(_mapping(value, depth + 1))]
    if _is_list(value) and value and not _flows(start, value, depth + 1):
        return [start, *_indented(_sequence(value, depth + 1))]
    return [f"{start} {_inline(value, depth)}"]


def _sequence(items: Sequence[object], depth: int) -> list[str]:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    lines: list[str] = []
    for item in items:
        if _is_mapping(item) and item and not _flows("-", item, depth + 1):
            first, *rest = _mapping(item, depth + 1)
            lines += [f"- {first}", *_indented(rest)]
        elif _is_list(item) and item and not _flows("-", item, depth + 1):
            first, *rest = _sequence(item, depth + 1)
            lines += [f"- {first}", *_indented(rest)]
        else:
            lines += _entry("-", item, depth)
    return lines


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


def _flows(start: str, value: Mapping[object, object] | Sequence[object], depth: int) -> bool:
    """Return whether a collection is short and flat enough for one line."""
    is_mapping = _is_mapping(value)
    if is_mapping and depth < FLOW_DEPTH:
        return False
    for part in value.values() if isinstance(value, Mapping) else value:
        if _is_mapping(part) and (part or not is_mapping):
            return False
        if _is_list(part) and not _is_flat(part):
            return False
        if isinstance(part, str) and "\n" in part:
            return False
    return len(start) + 1 + 2 * depth + len(_inline(value, depth)) <= WIDTH


def _is_flat(value: Sequence[object]) -> bool:
    return not any(_is_mapping(part) or _is_list(part) for part in value)


# Most are just that, and asking an abstract class takes many times as long.
def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return type(value) is dict or isinstance(value, Mapping)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return type(value) is list or isinstance(value, list | tuple)


def _inline(value: object, depth: int) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value, in_flow=False)
        case int():
            return str(int(value))
        case float():
            return _float(value)
        case Mapping() | list() | tuple():
            return _flow(value, depth)
    raise TypeError(f"a {type(value).__name__} is no plain data: {value!r}")


def _flow(value: Mapping[object, object] | Sequence[object], depth: int) -> str:
    if isinstance(value, Mapping):
        parts = (f"{_key(key)}: {_flow_part(part, depth)}" for key, part in value.items())
        return f"{{{', '.join(parts)}}}"
    return f"[{', '.join(_flow_part(part, depth) for part in value)}]"


def _flow_part(value: object, depth: int) -> str:
    return _text(value, in_flow=True) if isinstance(value, str) else _inline(value, depth + 1)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be a text, not a {type(key).__name__}: {key!r}")
    return _text(key, in_flow=True)


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no finite number")
    mantissa, mark, exponent = repr(value).partition("e")
    if mark and "." not in mantissa:
        mantissa += ".0"  # YAML 1.1 knows no 1e+16, only 1.0e+16
    return mantissa + mark + exponent


def _text(text: str, *, in_flow: bool) -> str:
    text = str(text)
    return _short_text(text, in_flow) if len(text) <= MAX_REMEMBERED else _written(text, in_flow=in_flow)


# Keys, types and names come again and again.
@lru_cache(maxsize=4096)
def _short_text(text: str, in_flow: bool) -> str:
    return _written(text, in_flow=in_flow)


def _written(text: str, *, in_flow: bool) -> str:
    if _is_plain(text, in_flow=in_flow):
        return text
    if text.isprintable() and not _TO_ESCAPE.intersection(text):
        return f'"{text}"'
    return '"' + "".join(_escaped(sign) for sign in text) + '"'


def _is_plain(text: str, *, in_flow: bool) -> bool:
    """Return whether every YAML reader takes `text`, written without quotes, for that very text."""
    if _NO_NUMBER.fullmatch(text):
        return True
    return (
        0 < len(text) <= MAX_PLAIN
        and text[0].isalpha()
        and text[-1] not in " :"
        and text.isprintable()
        and text.casefold() not in _NO_TEXT
        and ": " not in text
        and " #" not in text
        and not (in_flow and _FLOW_SIGNS.intersection(text))
    )


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign == "\n":
        return "\\n"
    if sign.isprintable():
        return sign
    code = ord(sign)
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the surrogates
        raise ValueError("half a surrogate pair is no text")
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def _may_be_block(text: str) -> bool:
    """Return whether a text of several lines can stand as a literal block, line for line as it is."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    return (
        len(lines) > 1
        and not body.endswith("\n")
        and lines[0].strip(" ") != ""
        and not lines[0].startswith(" ")
        and all(line.isprintable() and not line.endswith(" ") for line in lines)
    )


def _block_header(text: str) -> str:
    return "|" if text.endswith("\n") else "|-"
