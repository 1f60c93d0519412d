"""Texts of a JSON message as regular expressions that every reader of JSON Schema understands alike."""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

from nodesmith.spec.values import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAYS = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DATE = f"(?:{_YEAR}-{_DAYS}|{_LEAP_YEAR}-02-29)"
_TIME = (
    "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)

DATE_TEXT = f"^{_DATE}$"
DATETIME_TEXT = f"^{_DATE}T{_TIME}$"
UUID_TEXT = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
# Padded, in one of the two alphabets; the bits that fill up the last sign are zero.
BYTES_TEXT = "|".join(
    f"^(?:{sign}{{4}})*(?:{sign}[AQgw]==|{sign}{{2}}[AEIMQUYcgkosw048]=)?$"
    for sign in ("[A-Za-z0-9+/]", "[A-Za-z0-9_-]")
)
TRACEPARENT = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"

_ANY_NUMBER = "(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)"
_ZERO = "(?:0+(?:[.]0*)?|[.]0+)"
_MORE_THAN_ZERO = "(?:[0-9]*[1-9][0-9]*(?:[.][0-9]*)?|[0-9]*[.][0-9]*[1-9][0-9]*)"
_EXPONENT = "(?:[eE][+-]?[0-9]{1,6})?"

DECIMAL_TEXT = f"^[+-]?{_ANY_NUMBER}{_EXPONENT}$"

# Whole numbers beyond it are written as floats.
MOST = Decimal("1e300")


def decimal_pattern(constraints: Mapping[str, object]) -> str:
    """Return what texts of decimals look like that are on the side of zero where `constraints` have them; empty if any."""
    bounds = {name: number_of(value) for name, value in constraints.items()}
    least, most = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    if least is not None and least >= 0:
        above = least > 0 or "gt" in bounds
        return _signed("[+]?", "-", above=above)
    if most is not None and most <= 0:
        below = most < 0 or "lt" in bounds
        return _signed("-", "[+]?", above=below)
    return ""


def _signed(sign: str, other: str, *, above: bool) -> str:
    if above:
        return f"^{sign}{_MORE_THAN_ZERO}{_EXPONENT}$"
    return f"^(?:{sign}{_ANY_NUMBER}|{other}{_ZERO}){_EXPONENT}$"


def json_bound(name: str, value: object) -> int | float:
    """Return a bound of decimals as JSON has numbers: where no float is the same, the next one that lets less through."""
    exact = number_of(value)
    if abs(exact) < MOST and exact == exact.to_integral_value():
        return int(exact)
    nearest = min(max(float(exact), -sys.float_info.max), sys.float_info.max)
    while abs(nearest) < sys.float_info.max and not _within(name, Decimal(repr(nearest)), exact):
        nearest = math.nextafter(nearest, math.inf if name in ("ge", "gt") else -math.inf)
    return nearest


def _within(name: str, bound: Decimal, exact: Decimal) -> bool:
    return bound >= exact if name in ("ge", "gt") else bound <= exact


# What Rust's regular expressions, which pydantic has, share with those of JavaScript, which JSON Schema has. Classes that
# Rust extends to all of Unicode are spelled out, in letters that are in both.
_SPELLED = {"d": "0-9", "w": "A-Za-z0-9_", "s": r" \t\n\r\f\v"}
_ESCAPED = r"\\[\\^$.*+?()\[\]{}|/tnrfv]"
_ATOM = rf"(?:{_ESCAPED}|\\[dws]|[^\\^$.*+?()\[\]{{}}|\r\n\u2028\u2029])"
_IN_CLASS = r"(?:\\[\\^\[\]/tnrfv-]|[^\\\[\]&~^-])"
_CLASS = rf"\[(?:\\[dws]|{_IN_CLASS}(?:-{_IN_CLASS})?)+-?\]|\[\^(?:{_IN_CLASS}(?:-{_IN_CLASS})?)+-?\]"
_QUANTIFIER = r"(?:[*+?]|\{[0-9]{1,4}(?:,(?:[0-9]{1,4})?)?\})\??"
_TOKEN = re.compile(rf"(?P<atom>{_ATOM}|{_CLASS}|\)|\.)(?:{_QUANTIFIER})?|[\^$|]|\((?:\?:)?")
_SHORTHAND = re.compile(r"\\(.)", re.DOTALL)


def portable_pattern(pattern: str) -> str:
    """Return a pattern of pydantic's as JSON Schema's readers take it, or an empty text where they may read it otherwise.

    What the result lets through pydantic does, too; of digits, letters and space it knows the ASCII ones only.
    """
    position, parts = 0, []
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            return ""
        parts.append(_spelled_out(token[0]))
        position = token.end()
    return "".join(parts)


def _spelled_out(token: str) -> str:
    in_class = token.startswith("[")

    def spelled(found: re.Match[str]) -> str:
        letters = _SPELLED.get(found[1])
        if letters is None:
            return found[0]
        return letters if in_class else f"[{letters}]"

    return _SHORTHAND.sub(spelled, token)
