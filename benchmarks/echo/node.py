"""A node that answers a command with its own text: checked, remembered, sent, acknowledged, committed."""

from __future__ import annotations

import os
import sys

from pydantic import BaseModel
from running import MeasuredNode

from nodesmith.runtime import NodeDefinition, NodeIdentity, Operation, run_node


class Text(BaseModel):
    """What comes and what leaves."""

    text: str


async def echo(request: Text) -> Text:
    """Answer."""
    return Text(text=request.text)


def echo_node() -> MeasuredNode:
    """Return the node."""
    return MeasuredNode(
        NodeDefinition(
            identity=NodeIdentity(name="echo", domain=os.environ["BENCH_DOMAIN"], archetype="effect"),
            operations=(Operation(name="echo", input_model=Text, output_model=Text, handler=echo),),
        )
    )


if __name__ == "__main__":
    sys.exit(run_node(echo_node, sys.argv[1:]))
