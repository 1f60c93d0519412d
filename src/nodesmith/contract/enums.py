"""Enums of a contract: a class name, and a member name for any text."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MEMBER_LENGTH = 60

_NO_IDENTIFIER = re.compile(r"[^A-Z0-9]+")
_CASE_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumMember:
    """One member: `IN_PROGRESS = "in progress"`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumContract:
    """One generated `StrEnum`, alone in its module under `enums/`."""

    class_name: str
    module: str
    description: str
    members: tuple[EnumMember, ...]

    def member(self, value: str) -> EnumMember:
        """Return the member that stands for `value`; raise ValueError where there is none."""
        for member in self.members:
            if member.value == value:
                return member
        raise ValueError(f"{value!r} is none of {', '.join(repr(member.value) for member in self.members)}")


def enum_members(values: Iterable[str]) -> tuple[EnumMember, ...]:
    """Return a member for each of `values`, in their order, under names that are identifiers and differ.

    Values that would share a name have their signs spelled out (`c` and `c++`), and where that does not tell them
    apart either (`open`, `OPEN`) the later ones are numbered; so a value added at the end renames none before it.
    """
    taken: set[str] = set()
    members = []
    for value in values:
        name = _free_name(value, taken)
        taken.add(name)
        members.append(EnumMember(name=name, value=value))
    return tuple(members)


def _free_name(value: str, taken: set[str]) -> str:
    plain, spelled = _member_name(value), _member_name(_spell_signs(value))
    for name in (plain, spelled):
        if name not in taken:
            return name
    number = 2
    while f"{plain}_{number}" in taken:
        number += 1
    return f"{plain}_{number}"


def _member_name(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    ascii_text = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    name = _NO_IDENTIFIER.sub("_", _CASE_BORDER.sub("_", ascii_text).upper()).strip("_")
    if not name:
        return _member_name(_spell_signs(text)) if text else "EMPTY"
    if not name[0].isalpha():
        name = f"VALUE_{name}"
    return name[:MAX_MEMBER_LENGTH].rstrip("_")


def _spell_signs(text: str) -> str:
    """Return `text` with every character that is no ASCII letter or digit by its Unicode name."""
    return "".join(sign if sign.isascii() and sign.isalnum() else f" {_sign_name(sign)} " for sign in text)


def _sign_name(sign: str) -> str:
    return unicodedata.name(sign, f"U{ord(sign):04X}")
