"""Put a registry together with what shows elsewhere what it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.registry.service import Registry

if TYPE_CHECKING:
    from nodesmith.registry.consul.settings import ConsulSettings
    from nodesmith.registry.settings import RegistrySettings


def make_registry(settings: RegistrySettings, *, consul: ConsulSettings | None = None) -> Registry:
    """Return a registry, which shows all it knows in Consul where that is wanted; its client is imported only then."""
    registry = Registry(settings)
    if consul is not None:
        from nodesmith.registry.consul.projector import Projector

        registry.project(
            Projector(
                consul,
                instances=registry.fleet.instances,
                asked_everyone=lambda: registry.has_asked_everybody,
            )
        )
    return registry
