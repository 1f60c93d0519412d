"""Writes plain data as YAML that YAML 1.1 and 1.2 readers understand alike, keys in their own order.

Not PyYAML's emitter: that one quotes by the rules of 1.1 only, folds long texts, and takes longer than the rest of a
node's generation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Sequence

    Collection: TypeAlias = Mapping[object, object] | Sequence[object]

INDENT = "  "
WIDTH = 100
MAX_DEPTH = 200
MAX_PLAIN = 400
MAX_SIMPLE_KEY = 1000
MAX_REMEMBERED = 80
# From this depth on, a short mapping of scalars stands on one line: `input: {customer_id: uuid}`.
FLOW_DEPTH = 3

# Words that some version of YAML reads as a boolean or as nothing.
_NO_TEXT = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"])
_SCALARS = frozenset([str, int, float, bool, type(None)])
_TO_ESCAPE = frozenset('"\\')
_FLOW_SIGNS = frozenset(",[]{}:#&*!|>'\"%@`?")
# Texts that begin with a digit and are no number to any reader: a version, a duration.
_NO_NUMBER = re.compile(r"\d+\.\d+\.\d+|\d+(?:ms|s|m|h)", re.ASCII)


def to_yaml(document: object) -> str:
    """Return `document` (mappings with text keys, lists, scalars) as YAML text that reads back equal.

    Raise TypeError for anything that is no plain data, and ValueError for what YAML cannot hold: a number that is not
    finite, half a surrogate pair, something nested deeper than 200 levels.
    """
    if _is_collection(document) and document:
        return "\n".join(_block(document, 0)) + "\n"
    return _inline(document) + "\n"


def yaml_entry(key: str, value: object, *, depth: int) -> str:
    """Return one entry of a mapping as `to_yaml` writes it where the mapping stands `depth` levels deep."""
    return "\n".join(_mapping({key: value}, depth)) + "\n"


def _block(value: Collection, depth: int) -> list[str]:
    """Return the lines of a collection that stands `depth` levels deep, indented as far."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return _mapping(value, depth) if isinstance(value, Mapping) else _sequence(value, depth)


def _mapping(mapping: Mapping[object, object], depth: int) -> list[str]:
    indent = INDENT * depth
    lines: list[str] = []
    for key, value in mapping.items():
        written = _key(key)
        if len(written) > MAX_SIMPLE_KEY:
            lines.append(f"{indent}? {written}")
            written = ""
        lines += _entry(f"{written}:", value, depth)
    return lines


def _entry(start: str, value: object, depth: int) -> list[str]:
    indent = INDENT * depth
    if isinstance(value, str) and _may_be_block(value):
        inside = (f"{indent}{INDENT}{line}" if line else "" for line in value.rstrip("\n").split("\n"))
        return [f"{indent}{start} {_block_header(value)}", *inside]
    if _is_collection(value) and value:
        flow = _flow_if_short(start, value, depth + 1)
        return [f"{indent}{start} {flow}"] if flow else [f"{indent}{start}", *_block(value, depth + 1)]
    return [f"{indent}{start} {_inline(value)}"]


def _sequence(items: Sequence[object], depth: int) -> list[str]:
    indent = INDENT * depth
    lines: list[str] = []
    for item in items:
        if _is_collection(item) and item and not _flow_if_short("-", item, depth + 1):
            first, *rest = _block(item, depth + 1)
            lines += [f"{indent}- {first[len(indent + INDENT) :]}", *rest]
        else:
            lines += _entry("-", item, depth)
    return lines


def _flow_if_short(start: str, value: Collection, depth: int) -> str:
    """Return a collection that is short and flat enough for one line on that line, and nothing for another."""
    is_mapping = isinstance(value, Mapping)
    if is_mapping and depth < FLOW_DEPTH:
        return ""
    for part in value.values() if isinstance(value, Mapping) else value:
        if isinstance(part, str):
            if "\n" in part:
                return ""
        elif _is_mapping(part):
            if part or not is_mapping:
                return ""
        elif _is_list(part) and not _is_flat(part):
            return ""
    flow = _flow(value)
    return flow if len(start) + 1 + len(INDENT) * depth + len(flow) <= WIDTH else ""


def _is_flat(value: Sequence[object]) -> bool:
    return not any(_is_collection(part) for part in value)


def _is_collection(value: object) -> TypeGuard[Collection]:
    return type(value) not in _SCALARS and (_is_mapping(value) or _is_list(value))


# Most are just that, and asking an abstract class takes many times as long.
def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return type(value) is dict or isinstance(value, Mapping)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return type(value) is list or isinstance(value, list | tuple)


def _inline(value: object) -> str:
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
        case dict() | list() | tuple() | Mapping():
            return _flow(value)
    raise TypeError(f"a {type(value).__name__} is no plain data: {value!r}")


def _flow(value: Collection) -> str:
    if _is_mapping(value):
        return f"{{{', '.join([f'{_key(key)}: {_flow_part(part)}' for key, part in value.items()])}}}"
    return f"[{', '.join([_flow_part(part) for part in value])}]"


def _flow_part(value: object) -> str:
    return _text(value, in_flow=True) if isinstance(value, str) else _inline(value)


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
    if "\n" not in text:
        return False
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
