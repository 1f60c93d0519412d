"""What a host's name or address says of who can reach it."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether a host's name or address reaches only the machine that uses it."""
    return host == "localhost" or _is(host, "is_loopback")


def is_unspecified(host: str) -> bool:
    """Return whether an address stands for all of a machine, so that nobody can be sent there."""
    return _is(host, "is_unspecified")


def _is(host: str, what: str) -> bool:
    try:
        return bool(getattr(ip_address(host.strip("[]")), what))
    except ValueError:
        return False
