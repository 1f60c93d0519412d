"""Stage 4.5: put a node on the event bus, and write the script that starts it.

The bus's code is in `templates/event_bus/` and nowhere else; what stage 4 rendered knows nothing of it.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from nodesmith.errors import Finding
from nodesmith.generation.event_bus.blocks import EventBusBlocks
from nodesmith.generation.event_bus.layout import GENERATED, Layout
from nodesmith.generation.event_bus.source import STAGE, refusal
from nodesmith.generation.event_bus.splice import splice_event_bus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import GeneratedFile, NodeFiles
    from nodesmith.generation.rendering import Templates
    from nodesmith.spec.model import NodeSpec


def integrate_event_bus(
    files: Mapping[str, GeneratedFile], contract: NodeContract, templates: Templates
) -> NodeFiles:
    """Return the node's files with the bus in `node.py`, and `start_node.py` beside it.

    A compute or reducer node that did not ask for the bus gets its files back as they are, and a line in the log.
    Raises GateError of stage 4.5 where the bus cannot be put in.
    """
    if not takes_event_bus(contract.spec):
        import logging  # only here: it takes longer to import than a node to integrate

        logger = logging.getLogger("nodesmith.generation")
        logger.info("Skipping event bus integration for %s node (optional)", contract.spec.archetype)
        return dict(files)
    path = f"{contract.version_folder}/node.py"
    node = files.get(path)
    if node is None:
        message, fix = f"the node has no {path}", "generate the node first"
        raise refusal(Finding(rule="node-missing", message=message, fix=fix, file=path))
    blocks = event_bus_blocks(templates, service_name=contract.spec.name)
    text = splice_event_bus(node.text, class_name=contract.class_name, blocks=blocks, file=path)
    start = startup_script(templates, class_name=contract.class_name)
    added = {path: replace(node, text=text), f"{contract.version_folder}/start_node.py": start}
    return dict(sorted({**files, **added}.items()))


def takes_event_bus(spec: NodeSpec) -> bool:
    """Say whether a node goes on the bus: effects and orchestrators always, others where they ask for it."""
    return spec.archetype.is_always_on_the_bus or spec.event_bus


def event_bus_blocks(
    templates: Templates, *, service_name: str, adoption: Mapping[str, object] | None = None
) -> EventBusBlocks:
    """Return the blocks for one node; only what is given here differs from one node to the next.

    `adoption` is for a class that has no definition: the name, domain, archetype and version it is to have.
    """

    def block(name: str, values: Mapping[str, object] = MappingProxyType({})) -> str:
        return templates.text(f"event_bus/{name}.py.j2", values, stage=STAGE)

    return EventBusBlocks(
        imports=block("imports"),
        init=block("init", {"service_name": service_name}),
        methods=(block("lifecycle"), block("introspection_event")),
        adoption=block("adoption", adoption) if adoption is not None else "",
    )


def startup_script(templates: Templates, *, class_name: str, layout: Layout = GENERATED) -> GeneratedFile:
    """Return `start_node.py` for a node's class, in a module laid out as generated ones are, or otherwise."""
    values = {"class_name": class_name, **asdict(layout)}
    return templates.file("event_bus/start_node.py.j2", values, stage=STAGE)
