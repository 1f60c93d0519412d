"""What Consul is to show of each instance: pure, so that registries side by side come to the same."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from nodesmith.records import dataclass
from nodesmith.registry.consul.limits import meta_value, service_name, tags_of
from nodesmith.registry.hosts import is_loopback, is_unspecified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nodesmith.registry.consul.settings import ConsulSettings
    from nodesmith.registry.instance import Instance

Health = Literal["passing", "warning", "critical"]
# `present`: it is to be there. `ending`: it is not made, and stays where it is until Consul takes it away. `absent`: it goes.
Presence = Literal["present", "ending", "absent"]

MANAGED_BY = "nodesmith"
_LASTING = attrgetter(
    *("incarnation", "state", "name", "domain", "archetype", "version", "instance_id", "capabilities"),
    *("endpoints", "waits_for", "contract_digest", "started_at", "ttl_seconds", "conflict"),
)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of Consul as it is to be. `definition` is a digest of all but how it is at the moment.

    `health_url` is what Consul is to look at itself, empty where it is not to.
    """

    id: str
    name: str
    address: str
    port: int
    tags: tuple[str, ...]
    meta: Mapping[str, str]
    incarnation: str
    ttl_seconds: float
    health_url: str
    definition: str
    presence: Presence
    health: Health
    note: str
    in_maintenance: bool


class Projection:
    """Turns instances into services; what has not changed is not worked out again."""

    def __init__(self, settings: ConsulSettings) -> None:
        self._settings = settings
        self._known: dict[str, tuple[object, Service]] = {}

    def desired_services(self, instances: Iterable[Instance]) -> dict[str, Service]:
        """Return, by its id, the service of each instance; of several lives of one it is that of the newest that lives."""
        chosen: dict[str, Instance] = {}
        for instance in instances:
            other = chosen.get(instance.node_id)
            if other is None or _rank(instance) > _rank(other):
                chosen[instance.node_id] = instance
        known, self._known = self._known, {}
        for node_id, instance in chosen.items():
            lasting, before = _LASTING(instance), known.get(node_id)
            same = before is not None and before[0] == lasting
            self._known[node_id] = (
                before if same and before else (lasting, service_of(instance, self._settings))
            )
        return {service.id: service for _, service in self._known.values()}


def service_of(instance: Instance, settings: ConsulSettings) -> Service:
    """Return what is to be shown of an instance, within what Consul takes."""
    url = instance.endpoints.get("health", "")
    address, port = _place(url)
    ttl_seconds = max(instance.ttl_seconds, settings.ttl_seconds)
    health, note = _health(instance)
    facts = {
        "name": service_name(domain=instance.domain, name=instance.name),
        "address": address,
        "port": port,
        "tags": tags_of((instance.domain, instance.archetype, *instance.capabilities)),
        "meta": _meta(instance, settings),
    }
    health_url = url if port and _is_checked(instance, address, settings) else ""
    definition = _digest([*facts.values(), ttl_seconds, health_url])
    return Service(
        id=service_id(instance.node_id, settings.fleet),
        **facts,  # type: ignore[arg-type]  # each of its own type
        incarnation=meta_value(instance.incarnation),
        ttl_seconds=ttl_seconds,
        health_url=health_url,
        definition=definition,
        presence=_presence(instance),
        health=health,
        note=note,
        in_maintenance=instance.state == "draining",
    )


def service_id(node_id: str, fleet: str) -> str:
    """Return the id of an instance's service; two fleets may have nodes of one id."""
    return "-".join(part for part in (MANAGED_BY, "" if fleet == "default" else fleet, node_id) if part)


def _rank(instance: Instance) -> tuple[bool, datetime, str]:
    """Only by what the bus says: registries that heard of lives in another order must choose the same one."""
    return instance.alive, instance.started_at or _LONG_AGO, instance.incarnation


def _presence(instance: Instance) -> Presence:
    if instance.alive:
        return "present"
    return "ending" if instance.state == "lost" else "absent"


def _health(instance: Instance) -> tuple[Health, str]:
    if not instance.alive:
        return "critical", f"{instance.state}: no heartbeat within its time to live"
    if instance.conflict:
        return "warning", meta_value(instance.conflict)
    waits = f": waits for {', '.join(instance.waits_for)}" if instance.waits_for else ""
    note = meta_value(instance.state + waits)
    return ("warning" if instance.state in {"starting", "degraded"} else "passing"), note


def _meta(instance: Instance, settings: ConsulSettings) -> dict[str, str]:
    texts = {
        "managed-by": MANAGED_BY,
        "fleet": settings.fleet,
        "node": instance.full_name,
        "node-id": instance.node_id,
        "instance": instance.instance_id,
        "incarnation": instance.incarnation,
        "version": instance.version,
        "archetype": instance.archetype,
        "contract-digest": instance.contract_digest,
        "ttl-seconds": f"{instance.ttl_seconds:g}",
    }
    return {key: value for key, text in texts.items() if (value := meta_value(text))}


def _place(url: str) -> tuple[str, int]:
    """Return host and port of an endpoint; nothing where it names none that others could reach."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", 0
    if not host or is_unspecified(host):
        return "", 0
    return host, port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def _is_checked(instance: Instance, address: str, settings: ConsulSettings) -> bool:
    """Whether Consul is to look at the health endpoint itself.

    A loopback address means this host only to who is here: the agent by its own address, the node by its instance id, which
    begins with the host's name unless somebody gave it another.
    """
    if settings.http_checks != "auto":
        return settings.http_checks == "always"
    if not is_loopback(address):
        return True
    return is_loopback(settings.host) and instance.instance_id.startswith(f"{settings.hostname}-")


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
