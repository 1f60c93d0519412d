"""A reducer that counts events by key: checked, counted, remembered, sent, acknowledged, committed."""

from __future__ import annotations

import os
import sys

from pydantic import BaseModel
from running import MeasuredNode

from nodesmith.runtime import NodeDefinition, NodeIdentity, Reducer, run_node


class Text(BaseModel):
    """What comes."""

    key: str
    text: str


class Count(BaseModel):
    """What is kept of a key, and leaves."""

    key: str
    events: int = 0
    letters: int = 0


def count(before: Count, event: Text) -> tuple[Count, list[BaseModel]]:
    """Count one more."""
    return Count(key=before.key, events=before.events + 1, letters=before.letters + len(event.text)), []


def counting_node() -> MeasuredNode:
    """Return the reducer."""
    domain = os.environ["BENCH_DOMAIN"]
    reducer = Reducer(name="echo", domain=domain, state_model=Count, key="key")
    return MeasuredNode(
        NodeDefinition(
            identity=NodeIdentity(name="echo", domain=domain, archetype="reducer"),
            operations=(reducer.event(name="count", event_model=Text, handler=count),),
            resources=reducer,
        )
    )


if __name__ == "__main__":
    sys.exit(run_node(counting_node, sys.argv[1:]))
