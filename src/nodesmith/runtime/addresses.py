"""Addresses of services, which may hold a password: what is wrong with one is said without showing any of it.

Clients take an address apart as well as they can. Of one whose password has an `@` in it, that is not written as `%40`, they
look for a host that is called as the end of the password, and log its name.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from nodesmith.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST = r"(?:\[[^@/?#\[\]]*\]|[^@/?#\[\]:,]*)(?::[0-9]*)?"
_PAIR = r"\w+=[^&=#]*"
_URL = re.compile(
    rf"[a-z][a-z0-9+.-]*://(?:[^@/?#\[\]]*@)?{_HOST}(?:,{_HOST})*(?:/[^@?#]*)?(?:\?(?:{_PAIR}(?:&{_PAIR})*)?)?"
)
_PAIRS = re.compile(r"\s*(?:\w+\s*=\s*(?:'(?:\\.|[^'\\])*'|(?:\\.|[^\s'\\])*)(?:\s+|$))*", re.DOTALL)
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")


def read_address(name: str, default: str = "", *, environment: Mapping[str, str] | None = None) -> str:
    """Return the URL that the variable `name` holds, or libpq's `host=... password=...`, else `default`.

    Raises InputError for what a client would not read as it was meant.
    """
    values = os.environ if environment is None else environment
    text = values.get(name) or default
    if not _is_address(text):
        raise InputError(
            f"{name} cannot be read as an address",
            fix="write SCHEME://USER:PASSWORD@HOST:PORT/NAME, with %40 for @ in the password, %2F for /, %3F for ?, %23 for #,"
            " %25 for %, %5B and %5D for brackets",
        )
    return text


def refuse_users(servers: str) -> None:
    """Raise InputError where users and passwords stand before Kafka's brokers: whoever names the bus would show them."""
    if "@" in servers:
        raise InputError(
            "an address of a Kafka broker has an '@' in it",
            fix="write HOST:PORT; the user and the password are KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
        )


def _is_address(text: str) -> bool:
    if "://" not in text:
        return _PAIRS.fullmatch(text) is not None
    return _URL.fullmatch(text) is not None and _BROKEN_PERCENT.search(text) is None
