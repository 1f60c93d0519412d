"""What to do so that Consul shows what it should: pure, out of what is there and what is to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from nodesmith.records import dataclass
from nodesmith.registry.consul.projection import MANAGED_BY, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The reason that Consul keeps with what we have put into maintenance; of anybody else's we take nothing out.
MAINTENANCE = "nodesmith: draining"

Kind = Literal["deregister", "enter maintenance", "leave maintenance", "feed", "register"]
# Who leaves or fails is told first, then who is to stay, then who is new.
URGENCY: tuple[Kind, ...] = ("deregister", "enter maintenance", "feed", "leave maintenance", "register")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A service as Consul has it. `maintenance` is the reason that is given for it, None where it is in none."""

    id: str
    name: str = ""
    address: str = ""
    port: int = 0
    meta: Mapping[str, str]
    maintenance: str | None = None

    def is_of(self, fleet: str) -> bool:
        """Whether a registry of this fleet has put it there."""
        return self.meta.get("managed-by") == MANAGED_BY and self.meta.get("fleet") == fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to tell Consul. `service` is None where what goes is nobody's any more.

    `replaces` is what a registration takes the place of.
    """

    kind: Kind
    id: str
    service: Service | None = None
    replaces: Registered | None = None


def plan(
    desired: Mapping[str, Service],
    actual: Mapping[str, Registered],
    *,
    fleet: str,
    said: Mapping[str, str],
    fed: Mapping[str, tuple[str, str]],
    orphans: Iterable[str] = (),
) -> list[Action]:
    """Return what is to be done, the most urgent first.

    `said` are the definitions that this registry has registered, `fed` what it last said of each service's health.
    `orphans` are services of this fleet that nobody is known to be behind any more.
    """
    actions = [Action(kind="deregister", id=each) for each in orphans]
    for each, service in desired.items():
        known = actual.get(each)
        if known is None:
            actions += _make(service)
        elif known.is_of(fleet):
            actions += _adjust(service, known, said=said.get(each), fed=fed.get(each))
    return sorted(actions, key=lambda action: URGENCY.index(action.kind))


def foreign(desired: Mapping[str, Service], actual: Mapping[str, Registered], *, fleet: str) -> list[str]:
    """Return the ids that we would need and that are somebody else's."""
    return [each for each in desired if (known := actual.get(each)) is not None and not known.is_of(fleet)]


def _make(service: Service) -> list[Action]:
    if service.presence != "present":
        return []
    register = Action(kind="register", id=service.id, service=service)
    return [register]


def _adjust(
    service: Service, known: Registered, *, said: str | None, fed: tuple[str, str] | None
) -> list[Action]:
    if service.presence == "absent":
        return [Action(kind="deregister", id=service.id, service=service)]
    actions = []
    if service.presence == "present":
        if _is_to_be_replaced(service, known, said):
            actions.append(Action(kind="register", id=service.id, service=service, replaces=known))
        if service.in_maintenance and known.maintenance is None:
            actions.append(Action(kind="enter maintenance", id=service.id, service=service))
        if not service.in_maintenance and known.maintenance == MAINTENANCE:
            actions.append(Action(kind="leave maintenance", id=service.id, service=service))
    if fed != (service.health, service.note):
        actions.append(Action(kind="feed", id=service.id, service=service))
    return actions


def _is_to_be_replaced(service: Service, known: Registered, said: str | None) -> bool:
    """Whether it is to be registered anew.

    Another registry may be set up in another way, or be of another version: of what we have said before, and it has
    replaced, only what tells users where to go is worth saying again.
    """
    if known.meta.get("definition") == service.definition:
        return False
    same_life = known.meta.get("incarnation", "") == service.incarnation
    same_place = (known.name, known.address, known.port) == (service.name, service.address, service.port)
    return said != service.definition or not (same_life and same_place)
