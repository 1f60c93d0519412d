"""Checks for plain data, made of small ones: what a mapping, a list or a text must look like.

Not pydantic: a generator that starts for one node would wait for the import longer than for everything else here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches

from nodesmith.errors import Finding

Check = Callable[[object, str], Iterator[Finding]]


def mapping(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return a check for a mapping with these keys and no others."""
    known = {**required, **(optional or {})}

    def check(value: object, path: str) -> Iterator[Finding]:
        if not isinstance(value, Mapping):
            yield finding("type", f"{_kind(value)} where a mapping belongs", path)
            return
        for key in value:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else "remove it"
                yield finding("unknown-key", f"unknown key '{key}'", join(path, str(key)), hint)
        for key in required:
            if key not in value:
                yield finding("missing-key", f"'{key}' is missing", path, f"add {key}")
        for key, part in known.items():
            if key in value:
                yield from part(value[key], join(path, key))

    return check


def mapping_of(part: Check) -> Check:
    """Return a check for a mapping with any keys that are texts, whose values pass `part`."""

    def check(value: object, path: str) -> Iterator[Finding]:
        if not isinstance(value, Mapping):
            yield finding("type", f"{_kind(value)} where a mapping belongs", path)
            return
        for key, item in value.items():
            if not isinstance(key, str):
                yield finding("type", f"the key {key!r} is no text", path)
            yield from part(item, join(path, str(key)))

    return check


def list_of(part: Check, *, least: int = 0) -> Check:
    """Return a check for a list whose items pass `part`, none twice."""

    def check(value: object, path: str) -> Iterator[Finding]:
        if not isinstance(value, list):
            yield finding("type", f"{_kind(value)} where a list belongs", path)
            return
        if len(value) < least:
            yield finding("too-few", f"{len(value)} item(s) where at least {least} belong", path)
        for index, item in enumerate(value):
            if item in value[:index]:
                yield finding("duplicate", f"{item!r} is there twice", f"{path}[{index}]", "remove one")
            yield from part(item, f"{path}[{index}]")

    return check


def text(pattern: str = r"[\s\S]+", *, what: str = "a text that is not empty") -> Check:
    """Return a check for a text that `pattern` matches as a whole; `what` says it in words."""

    def check(value: object, path: str) -> Iterator[Finding]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield finding("value", f"{value!r} is not {what}", path)

    return check


def exactly(expected: object) -> Check:
    """Return a check for one value."""

    def check(value: object, path: str) -> Iterator[Finding]:
        if value != expected or type(value) is not type(expected):
            yield finding("value", f"{value!r} is not {expected!r}", path)

    return check


def number(*, least: float, whole: bool = False) -> Check:
    """Return a check for a number of at least `least`."""

    def check(value: object, path: str) -> Iterator[Finding]:
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:
            what = "a whole number" if whole else "a number"
            yield finding("value", f"{value!r} is not {what} of at least {least:g}", path)

    return check


def flag(value: object, path: str) -> Iterator[Finding]:
    """Check for true or false."""
    if not isinstance(value, bool):
        yield finding("type", f"{_kind(value)} where true or false belongs", path)


def finding(rule: str, message: str, path: str, fix: str = "") -> Finding:
    """Return a finding at `path`."""
    return Finding(rule=rule, message=message, path=path, fix=fix)


def join(path: str, key: str) -> str:
    """Return the path of `key` under `path`."""
    return f"{path}.{key}" if path else key


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
