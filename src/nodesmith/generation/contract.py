"""Stage 2: spec -> contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.contract import node_contract

if TYPE_CHECKING:
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.spec.model import NodeSpec


def make_contract(spec: NodeSpec) -> NodeContract:
    """Return the typed contract of a node; raises GateError of stage 2 where the spec contradicts itself."""
    return node_contract.build(spec)
