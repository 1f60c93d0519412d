"""The small questions every part of a spec asks of a tree; what is wrong becomes a finding, the rest goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodesmith.naming import MAX_NAME_LENGTH, name_problem, pascal, snake
from nodesmith.spec.tree import UNREADABLE, Tree, describe, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nodesmith.spec.findings import Findings

MAX_DESCRIPTION = 2000
MAX_SIBLINGS = 500
MAX_TIMEOUT_SECONDS = 7 * 24 * 3600.0

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def wrong_type(tree: Tree, findings: Findings, wanted: str, fix: str = "") -> None:
    """Say what was found and what is wanted; nothing where the value's finding has been made already."""
    if tree.value is not UNREADABLE:
        findings.add("wrong-type", f"found {describe(tree)}, wanted {wanted}", tree.place, fix)


def mapping_of(tree: Tree, findings: Findings, wanted: str, fix: str = "") -> Mapping[str, Tree]:
    """Return the entries of a mapping; anything else is a finding and has none."""
    if not isinstance(tree.value, dict):
        wrong_type(
            tree, findings, wanted, fix or ("write {} where there is nothing" if tree.value is None else "")
        )
    return tree.entries


def list_of(tree: Tree, findings: Findings, wanted: str) -> Sequence[Tree]:
    """Return the items of a list; anything else is a finding and has none."""
    if not isinstance(tree.value, tuple):
        wrong_type(tree, findings, wanted, "write a list: [a, b]")
    return tree.items


def check_keys(
    tree: Tree, findings: Findings, *, allowed: Sequence[str], required: Iterable[str] = (), what: str
) -> None:
    """Find keys that `what` does not have, and those it needs and lacks."""
    entries = tree.entries
    for key, value in entries.items():
        if key not in allowed:
            findings.add(
                "unknown-key", f"{what} has no key {shown(key)}", value.key, findings.near(key, allowed)
            )
    if not isinstance(tree.value, dict):
        return
    for key in required:
        if key not in entries:
            findings.add("missing-key", f"{what} needs the key '{key}'", tree.key, f"add '{key}:'")


def text_of(tree: Tree, findings: Findings, wanted: str) -> str:
    """Return a text; anything else is a finding and an empty text."""
    if isinstance(tree.value, str):
        return tree.value
    quote = isinstance(tree.value, int | float)
    wrong_type(tree, findings, wanted, "put it in quotes if it is meant as text" if quote else "")
    return ""


def description_of(entries: Mapping[str, Tree], findings: Findings) -> str:
    """Return the description, empty where there is none."""
    tree = entries.get("description")
    if tree is None:
        return ""
    text = text_of(tree, findings, "a text")
    if len(text) > MAX_DESCRIPTION:
        message = f"the description has {len(text)} characters, more than {MAX_DESCRIPTION}"
        findings.add("too-long", message, tree.place, "say it in fewer words")
    return text.strip()


def bool_of(tree: Tree, findings: Findings) -> bool | None:
    """Return true or false; anything else is a finding and None."""
    if isinstance(tree.value, bool):
        return tree.value
    is_word = isinstance(tree.value, str) and tree.value.lower() in ("yes", "no", "on", "off", "y", "n")
    wrong_type(tree, findings, "true or false", "YAML 1.2 spells it true or false" if is_word else "")
    return None


def choice_of(tree: Tree, findings: Findings, options: Sequence[str], what: str) -> str | None:
    """Return a text that is one of `options`; anything else is a finding and None."""
    text = text_of(tree, findings, f"one of: {', '.join(options)}")
    if text in options:
        return text
    if isinstance(tree.value, str):
        findings.add("unknown-value", f"{shown(text)} is no {what}", tree.place, findings.near(text, options))
    return None


def seconds_of(tree: Tree, findings: Findings) -> float | None:
    """Return a duration (`5`, `0.5`, `500ms`, `5s`, `2m`, `1h`) in seconds."""
    match tree.value:
        case bool():
            seconds = None
        case int() | float() as number:
            seconds = float(number) if abs(number) <= MAX_TIMEOUT_SECONDS * 2 else MAX_TIMEOUT_SECONDS * 2
        case str() as text:
            parts = _DURATION.fullmatch(text)
            seconds = float(parts[1]) * _SECONDS[parts[2]] if parts else None
        case _:
            seconds = None
    if seconds is None:
        wrong_type(tree, findings, "a duration", "write a number of seconds, or 500ms, 5s, 2m, 1h")
    elif not 0 < seconds <= MAX_TIMEOUT_SECONDS:
        message = f"{shown(tree.value)} is no usable duration"
        findings.add("out-of-range", message, tree.place, "write more than nothing and at most a week")
        return None
    return seconds


def whole_number_of(tree: Tree, findings: Findings, *, at_most: int) -> int | None:
    """Return an integer from 0 to `at_most`; anything else is a finding and None."""
    if not isinstance(tree.value, int) or isinstance(tree.value, bool):
        wrong_type(tree, findings, "a whole number")
        return None
    if not 0 <= tree.value <= at_most:
        message = f"{shown(tree.value)} is not between 0 and {at_most}"
        findings.add("out-of-range", message, tree.place, f"write 0 to {at_most}")
        return None
    return tree.value


def check_name(
    name: str,
    tree: Tree,
    findings: Findings,
    *,
    what: str,
    at_key: bool = True,
    problem_of: Callable[[str], str] = name_problem,
) -> None:
    """Find what keeps `name` from being the name of `what`; `problem_of` says what may be one."""
    if problem := problem_of(name):
        place = tree.key if at_key else tree.place
        fix = _better_name(name, what, problem_of)
        findings.add("bad-name", f"the {what} name {shown(name)} {problem}", place, fix)


def siblings_of(tree: Tree, findings: Findings, *, what: str) -> Mapping[str, Tree]:
    """Return the entries of a mapping from names to `what` they name.

    Names that become the same class or file are findings: `item_2` and `item2` are both Item2.
    """
    entries = dict(list(mapping_of(tree, findings, f"a mapping of {what} names").items())[:MAX_SIBLINGS])
    if len(entries) < len(tree.entries):
        message = f"there are {len(tree.entries)} names here, more than {MAX_SIBLINGS}"
        findings.add("too-large", message, tree.place, "split it")
    seen: dict[str, str] = {}
    for name, entry in entries.items():
        first = name if len(name) > MAX_NAME_LENGTH else seen.setdefault(pascal(name), name)
        if first != name:
            message = f"the {what} names '{first}' and {shown(name)} both become {pascal(name)} in code"
            findings.add("name-collision", message, entry.key, "rename one of them")
    return entries


def _better_name(name: str, what: str, problem_of: Callable[[str], str]) -> str:
    if len(name) > MAX_NAME_LENGTH:
        return f"use at most {MAX_NAME_LENGTH} characters"
    candidate = snake(name)
    if not problem_of(candidate) and candidate != name:
        return f"write '{candidate}'"
    longer = f"customer_{candidate}" if what == "field" else f"{candidate}_{what}"
    if not problem_of(longer):
        return f"add a word, such as '{longer}'"
    return "write a name like 'customer_writer'"
