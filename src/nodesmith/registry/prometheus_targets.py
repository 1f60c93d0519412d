"""Where Prometheus finds the nodes: its own format of HTTP service discovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from nodesmith.registry.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nodesmith.registry.instance import Instance


def targets(instances: Iterable[Instance], *, loopback_too: bool) -> list[dict[str, Any]]:
    """Return a target for each living instance that serves metrics where others can reach it.

    What is served on a node's own loopback can be reached only from there: it is left out unless `loopback_too`.
    """
    found = []
    for instance in instances:
        address = _address(instance.endpoints.get("metrics", "")) if instance.alive else None
        if address is not None and (loopback_too or not is_loopback(address.host)):
            found.append({"targets": [address.target], "labels": _labels(instance, address)})
    return found


def _labels(instance: Instance, address: _Address) -> dict[str, str]:
    return {
        "__scheme__": address.scheme,
        "__metrics_path__": address.path,
        "nodesmith_domain": instance.domain,
        "nodesmith_node": instance.name,
        "nodesmith_archetype": instance.archetype,
        "nodesmith_instance": instance.instance_id,
        "nodesmith_version": instance.version,
    }


class _Address(NamedTuple):
    scheme: str
    host: str
    target: str
    path: str


def _address(url: str) -> _Address | None:
    """Return the parts of an address, None where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return _Address(parts.scheme, host, f"{shown}:{port}", parts.path or "/metrics")
