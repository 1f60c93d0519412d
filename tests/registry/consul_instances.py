"""Instances made up for the projection into Consul, and an agent that is only a dictionary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nodesmith.registry.consul.memory import AgentMemory, registered_meta
from nodesmith.registry.consul.plan import MAINTENANCE, Action, Registered
from nodesmith.registry.consul.projection import Projection
from nodesmith.registry.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.registry.consul.settings import ConsulSettings

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def instance(**said: Any) -> Instance:
    """Return a living instance of a node of its own."""
    defaults: dict[str, Any] = {
        "node_id": str(uuid4()),
        "incarnation": str(uuid4()),
        "name": "order_store",
        "domain": "orders",
        "archetype": "effect",
        "version": "1.2.3",
        "instance_id": "elsewhere-7",
        "capabilities": ("effect", "save_order"),
        "endpoints": {"health": "http://10.1.2.3:8080/health/live"},
        "contract_digest": "0123456789abcdef",
        "started_at": START,
        "ttl_seconds": 30.0,
        "first_seen": 0.0,
        "last_seen": 0.0,
    }
    return Instance(**(defaults | said))


class ModelAgent:
    """What an agent has after what it was told; several registries may tell it."""

    def __init__(self, services: dict[str, Registered] | None = None) -> None:
        self.services = services or {}
        self.health: dict[str, str] = {}
        self.told: list[Action] = []

    def carry_out(self, action: Action) -> None:
        self.told.append(action)
        known, service = self.services.get(action.id), action.service
        if action.kind == "deregister":
            self.services.pop(action.id, None)
            self.health.pop(action.id, None)
        elif action.kind == "register":
            assert service is not None
            self.services[action.id] = Registered(
                id=service.id,
                name=service.name,
                address=service.address,
                port=service.port,
                meta=registered_meta(service),
                maintenance=known.maintenance if known else None,
            )
            self.health.setdefault(action.id, service.health)
        elif action.kind == "feed":
            assert service is not None
            self.health[action.id] = service.health
        else:
            assert known is not None
            reason = MAINTENANCE if action.kind == "enter maintenance" else None
            self.services[action.id] = replace(known, maintenance=reason)


class ModelRegistry:
    """One registry's part: what it remembers, and one round of what it does."""

    def __init__(self, settings: ConsulSettings) -> None:
        self._projection = Projection(settings)
        self.memory = AgentMemory(settings.fleet)

    def round(
        self, agent: ModelAgent, instances: Sequence[Instance], now: float = 0.0, *, may_clean: bool = True
    ) -> int:
        """Read, plan and do until nothing is left, and return how much there was to do."""
        self.memory.read(dict(agent.services))
        done = 0
        for _ in range(10):
            desired = self._projection.desired_services(instances)
            actions = self.memory.to_do(desired, now, may_clean=may_clean)
            if not actions:
                return done
            for action in actions:
                agent.carry_out(action)
                self.memory.done(action, now)
                done += 1
        raise AssertionError(f"there is no end to it: {actions}")
