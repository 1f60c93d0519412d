"""A node as its instances make it: how it is in all, and what it counts in sum."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodesmith.registry.clock import day_time, text
from nodesmith.registry.instance import LIVE_STATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodesmith.registry.instance import Instance, State


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """All instances of one node together. Rate and times are those of the living; `instances` has the newest first."""

    domain: str
    name: str
    instances: tuple[Instance, ...]

    @property
    def full_name(self) -> str:
        """`crm/customer_writer`."""
        return f"{self.domain}/{self.name}"

    @property
    def living(self) -> tuple[Instance, ...]:
        """Those that are neither stopped nor lost."""
        return tuple(each for each in self.instances if each.alive)

    @property
    def newest(self) -> Instance:
        """The one that speaks for all: what it is and does."""
        return self.instances[0]

    @property
    def state(self) -> State:
        """The worst of the living; without any `stopped` where one said goodbye, else `lost`."""
        states = {each.state for each in self.living}
        if states:
            return max(states, key=LIVE_STATES.index)
        return "stopped" if any(each.state == "stopped" for each in self.instances) else "lost"

    def summary(self) -> dict[str, Any]:
        """Return what is shown of it beside others."""
        living, newest, figures = self.living, self.newest, [each.figures for each in self.instances]
        alive = [each.figures for each in living]
        failed = [each for each in figures if each.last_error is not None]
        last = max(
            failed, key=lambda each: (each.last_error_at is not None, each.last_error_at), default=None
        )
        return {
            "domain": self.domain,
            "name": self.name,
            "full_name": self.full_name,
            "archetype": newest.archetype,
            "description": newest.description,
            "versions": sorted({each.version for each in living or self.instances}),
            "operations": list(newest.operations),
            "state": self.state,
            "live": len(living),
            "instance_states": dict(sorted(Counter(each.state for each in self.instances).items())),
            "conflicts": sum(bool(each.conflict) for each in self.instances),
            "waits_for": sorted({name for each in living for name in each.waits_for}),
            "rate_per_second": _sum(each.rate_per_second for each in living),
            "p50_ms": _most(each.p50_ms for each in alive),
            "p99_ms": _most(each.p99_ms for each in alive),
            "lag": _sum(each.lag for each in alive),
            "requests": _sum(each.requests for each in figures),
            "errors": _sum(each.errors for each in figures),
            "retries": _sum(each.retries for each in figures),
            "dead_letters": _sum(each.dead_letters for each in figures),
            "last_error": last.last_error if last else None,
            "last_error_at": text(last.last_error_at) if last else None,
        }


def view_of(instances: Sequence[Instance]) -> NodeView:
    """Return the node that instances of one name make; there is at least one."""
    ordered = sorted(instances, key=lambda each: (each.alive, each.first_seen, each.key), reverse=True)
    return NodeView(domain=ordered[0].domain, name=ordered[0].name, instances=tuple(ordered))


def instance_document(instance: Instance) -> dict[str, Any]:
    """Return an instance as plain JSON data."""
    return {
        "node_id": instance.node_id,
        "incarnation": instance.incarnation,
        "instance_id": instance.instance_id,
        "domain": instance.domain,
        "name": instance.name,
        "full_name": instance.full_name,
        "archetype": instance.archetype,
        "version": instance.version,
        "description": instance.description,
        "state": instance.state,
        "conflict": instance.conflict,
        "waits_for": list(instance.waits_for),
        "operations": list(instance.operations),
        "capabilities": list(instance.capabilities),
        "endpoints": dict(instance.endpoints),
        "subscribes": list(instance.subscribes),
        "publishes": list(instance.publishes),
        "contract_digest": instance.contract_digest,
        "started_at": text(instance.started_at),
        "first_seen": text(day_time(instance.first_seen)),
        "last_seen": text(day_time(instance.last_seen)),
        "ttl_seconds": instance.ttl_seconds,
        "uptime_seconds": instance.uptime_seconds,
        "in_flight": instance.in_flight,
        "outbox": instance.outbox,
        "rate_per_second": instance.rate_per_second,
        **instance.figures.data(),
        "last_error_at": text(instance.figures.last_error_at),
    }


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _most(values: Iterable[float | None]) -> float | None:
    """Return the worst: times of several instances cannot be added, and the slowest one matters."""
    return max((value for value in values if value is not None), default=None)
