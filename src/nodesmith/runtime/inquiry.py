"""A request for introspection: who is asked, what they are to tell, and until when they need not bother any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nodesmith.errors import RefusedSightingError
from nodesmith.naming import event_domain, kebab
from nodesmith.runtime.sighting import MOST_AHEAD
from nodesmith.runtime.untrusted import BAD_FIELD, Untrusted, read_moment

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question to nodes; what is empty is asked of all. `want` is what answers carry beside the introspection.

    `deadline` is when the asker stops listening, by the asker's own clock.
    """

    node_name: str = ""
    domain: str = ""
    node_id: str = ""
    instance_id: str = ""
    want: tuple[str, ...] = ()
    deadline: datetime | None = None

    def payload(self) -> dict[str, object]:
        """Return what is sent; what is asked of all is left out."""
        said: dict[str, object] = {
            "node_name": self.node_name,
            "domain": self.domain,
            "node_id": self.node_id,
            "instance_id": self.instance_id,
            "want": list(self.want),
            "deadline": self.deadline and self.deadline.isoformat(),
        }
        return {name: value for name, value in said.items() if value}

    def concerns(self, *, name: str, domain: str, node_id: str, instance_id: str) -> bool:
        """Return whether an instance of a node is asked; names and domains in any form."""
        return (
            (not self.node_name or kebab(self.node_name) == kebab(name))
            and (not self.domain or event_domain(self.domain) == event_domain(domain))
            and self.node_id in {"", node_id}
            and self.instance_id in {"", instance_id}
        )

    def is_over(self, now: datetime | None = None) -> bool:
        """Return whether nobody listens for an answer any more, as far apart as clocks may be."""
        return self.deadline is not None and (now or datetime.now(UTC)) > self.deadline + MOST_AHEAD


def read_inquiry(payload: Mapping[str, Any]) -> Inquiry:
    """Return what a request asks; raise RefusedSightingError where it cannot be read. Fields it does not know are ignored."""
    said = Untrusted(payload)
    deadline = read_moment(payload.get("deadline"))
    if payload.get("deadline") is not None and deadline is None:
        raise RefusedSightingError(BAD_FIELD, field="deadline")
    return Inquiry(
        node_name=said.name("node_name"),
        domain=said.name("domain"),
        node_id="" if payload.get("node_id") is None else said.id("node_id"),
        instance_id=said.name("instance_id"),
        want=said.names("want"),
        deadline=deadline,
    )
