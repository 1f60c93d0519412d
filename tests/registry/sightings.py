"""What nodes say, made up for tests that need no bus."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from nodesmith.runtime.sighting import Figures, Heartbeat, Introduction

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ONE = str(UUID(int=1))
TWO = str(UUID(int=2))


def introduction(node_id: str = ONE, life: str = "a", sequence: int = 1, **said: Any) -> Introduction:
    """Return an introduction; lives begin a minute after each other, in the order of their names."""
    defaults: dict[str, Any] = {
        "name": "pricing",
        "domain": "orders",
        "archetype": "compute",
        "version": "1.0.0",
        "instance_id": "i",
        "state": "ready",
        "ttl_seconds": 30.0,
        "started_at": START + timedelta(minutes=ord(life[0])),
        "said_at": START + timedelta(seconds=sequence),
    }
    return Introduction(node_id=node_id, incarnation=life, sequence=sequence, **(defaults | said))


def heartbeat(node_id: str = ONE, life: str = "a", sequence: int = 2, **said: Any) -> Heartbeat:
    """Return a heartbeat; with `requests` it has that figure."""
    figures = Figures(requests=said.pop("requests", None))
    defaults: dict[str, Any] = {
        "state": "ready",
        "ttl_seconds": 30.0,
        "uptime_seconds": float(sequence),
        "figures": figures,
        "said_at": START + timedelta(seconds=sequence),
    }
    return Heartbeat(node_id=node_id, incarnation=life, sequence=sequence, **(defaults | said))


def goodbye(node_id: str = ONE, life: str = "a", sequence: int = 9, **said: Any) -> Introduction:
    return introduction(node_id, life, sequence, **({"state": "stopped", "reason": "shutdown"} | said))
