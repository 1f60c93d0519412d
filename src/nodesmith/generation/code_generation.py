"""Stage 4: contract -> the node's files, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodesmith.contract.onex import contract_document, manifest_document
from nodesmith.generation.examples import examples
from nodesmith.generation.files import GeneratedFile, NodeFiles
from nodesmith.generation.mappings import step_mapping, workflow_mapping
from nodesmith.generation.project import project_files
from nodesmith.generation.rendering import render
from nodesmith.spec.model import Archetype, ScalarName, ScalarType
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.types import TypeContract

STAGE = "4"

Rendered = tuple[str, GeneratedFile]


def generate_code(node: NodeContract) -> NodeFiles:
    """Return all files of a node but those that put it on the event bus; raises GateError of stage 4."""
    version = node.version_folder
    files = {
        **project_files(node),
        "__init__.py": _package(node.description),
        **{f"{version}/{path}": file for path, file in _version_files(node)},
    }
    return dict(sorted(files.items()))


def _version_files(node: NodeContract) -> Iterator[Rendered]:
    yield "__init__.py", _package(f"Version {'.'.join(map(str, node.spec.version))} of {node.folder}.")
    yield "contract.yaml", GeneratedFile(text=to_yaml(contract_document(node)))
    yield "version.manifest.yaml", GeneratedFile(text=to_yaml(manifest_document(node)))
    yield "node.py", _of_archetype(node, "node.py")
    yield from _classes(node)
    yield from _handlers(node)
    yield from _tests(node)
    if node.spec.archetype is Archetype.EFFECT:
        yield "resources.py", _of_archetype(node, f"resources_{node.adapter or 'none'}.py", seeded=True)
    if node.orchestrator:
        mappings = {step.name: step_mapping(node.orchestrator, step) for step in node.orchestrator.steps}
        result = workflow_mapping(node.orchestrator)
        reads_input = any(mapping.reads_input for mapping in (*mappings.values(), result))
        values: dict[str, Any] = {"mappings": mappings, "result": result, "reads_input": reads_input}
        yield "workflow.py", _of_archetype(node, "workflow.py", **values)


def _classes(node: NodeContract) -> Iterator[Rendered]:
    yield "models/__init__.py", _package("What the node takes in, hands out and keeps: one class a file.")
    for model in node.models:
        values: dict[str, Any] = {"model": model, "holds_bytes": _holds_bytes(model)}
        yield f"models/{model.module}.py", _rendered("common/model.py", **values)
    if node.enums:
        yield "enums/__init__.py", _package("The choices the models offer: one class a file.")
    for enum in node.enums:
        yield f"enums/{enum.module}.py", _rendered("common/enum.py", enum=enum)


def _handlers(node: NodeContract) -> Iterator[Rendered]:
    yield "handlers/__init__.py", _package("How each operation is done.", seeded=True)
    yield "handler.py", _rendered("common/handler_exports.py", node=node)
    for operation in node.handlers:
        values: dict[str, Any] = {"operation": operation, "is_async": _is_async(node)}
        yield (
            f"handlers/{operation.handler_module}.py",
            _of_archetype(node, "handler.py", seeded=True, **values),
        )
        values["archetype"] = node.spec.archetype.value
        yield (
            f"tests/test_{operation.handler_module}.py",
            _rendered("common/test_handler.py", seeded=True, **values),
        )


def _tests(node: NodeContract) -> Iterator[Rendered]:
    yield "tests/__init__.py", _package("The node's own tests.")
    yield "tests/test_models.py", _rendered("common/test_models.py", examples=examples(node.models))
    yield "tests/test_node.py", _rendered("common/test_node.py", node=node)
    if node.spec.event_bus:
        yield "tests/test_start_node.py", _rendered("common/test_start_node.py", seeded=True)
    if node.orchestrator:
        names = [step.name for step in node.orchestrator.steps]
        yield "tests/test_workflow.py", _of_archetype(node, "test_workflow.py", step_names=names)


def _of_archetype(node: NodeContract, name: str, *, seeded: bool = False, **values: Any) -> GeneratedFile:
    return _rendered(f"{node.spec.archetype}/{name}", seeded=seeded, node=node, **values)


def _rendered(name: str, *, seeded: bool = False, **values: Any) -> GeneratedFile:
    return GeneratedFile(text=render(f"{name}.j2", values, stage=STAGE), seeded=seeded)


def _package(text: str, *, seeded: bool = False) -> GeneratedFile:
    return _rendered("common/package.py", text=text, seeded=seeded)


def _is_async(node: NodeContract) -> bool:
    """Say whether handlers start out as coroutines: where they wait for others; SQLite blocks, so not there."""
    archetype = node.spec.archetype
    return archetype is Archetype.ORCHESTRATOR or (archetype is Archetype.EFFECT and node.adapter != "sqlite")


def _holds_bytes(model: ModelContract) -> bool:
    return any(_is_bytes(field.type) for field in model.fields)


def _is_bytes(kind: TypeContract) -> bool:
    if kind.inner is not None:
        return _is_bytes(kind.inner)
    return isinstance(kind.spec, ScalarType) and kind.spec.name is ScalarName.BYTES
