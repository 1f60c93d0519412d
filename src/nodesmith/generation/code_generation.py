"""Stage 4: contract -> the node's files, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodesmith.contract.asyncapi import node_asyncapi
from nodesmith.contract.onex import contract_document, manifest_document
from nodesmith.generation.examples import examples
from nodesmith.generation.files import GeneratedFile, NodeFiles
from nodesmith.generation.mappings import step_mapping, workflow_mapping
from nodesmith.generation.project import project_files
from nodesmith.spec.model import Archetype, ScalarName, ScalarType
from nodesmith.spec.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.contract.types import TypeContract
    from nodesmith.generation.rendering import Templates

STAGE = "4"

Rendered = tuple[str, GeneratedFile]


def generate_code(node: NodeContract, templates: Templates) -> NodeFiles:
    """Return all files of a node but those that put it on the event bus; raises GateError of stage 4."""
    version = node.version_folder
    files = {
        **project_files(node, templates),
        "asyncapi.yaml": GeneratedFile(text=to_yaml(node_asyncapi(node))),
        "__init__.py": _package(templates, node.description),
        **{f"{version}/{path}": file for path, file in _version_files(node, templates)},
    }
    return dict(sorted(files.items()))


def _version_files(node: NodeContract, templates: Templates) -> Iterator[Rendered]:
    yield (
        "__init__.py",
        _package(templates, f"Version {'.'.join(map(str, node.spec.version))} of {node.folder}."),
    )
    yield "contract.yaml", GeneratedFile(text=to_yaml(contract_document(node)))
    yield "version.manifest.yaml", GeneratedFile(text=to_yaml(manifest_document(node)))
    yield "node.py", _of_archetype(templates, node, "node.py")
    yield "interface.py", _rendered(templates, "common/interface.py", node=node)
    yield from _classes(node, templates)
    yield from _handlers(node, templates)
    yield from _tests(node, templates)
    if node.spec.archetype is Archetype.EFFECT:
        yield "resources.py", _of_archetype(templates, node, f"resources_{node.adapter or 'none'}.py")
    if node.orchestrator:
        mappings = {step.name: step_mapping(node.orchestrator, step) for step in node.orchestrator.steps}
        result = workflow_mapping(node.orchestrator)
        reads_input = any(mapping.reads_input for mapping in (*mappings.values(), result))
        values: dict[str, Any] = {"mappings": mappings, "result": result, "reads_input": reads_input}
        yield "workflow.py", _of_archetype(templates, node, "workflow.py", **values)


def _classes(node: NodeContract, templates: Templates) -> Iterator[Rendered]:
    yield (
        "models/__init__.py",
        _package(templates, "What the node takes in, hands out and keeps: one class a file."),
    )
    for model in node.models:
        values: dict[str, Any] = {"model": model, "holds_bytes": _holds_bytes(model)}
        yield f"models/{model.module}.py", _rendered(templates, "common/model.py", **values)
    if node.enums:
        yield "enums/__init__.py", _package(templates, "The choices the models offer: one class a file.")
    for enum in node.enums:
        yield f"enums/{enum.module}.py", _rendered(templates, "common/enum.py", enum=enum)


def _handlers(node: NodeContract, templates: Templates) -> Iterator[Rendered]:
    yield "handlers/__init__.py", _rendered(templates, "common/handlers_package.py")
    yield "handler.py", _rendered(templates, "common/handler_exports.py", node=node)
    for operation in node.handlers:
        values: dict[str, Any] = {"operation": operation, "is_async": _is_async(node)}
        yield (
            f"handlers/{operation.handler_module}.py",
            _of_archetype(templates, node, "handler.py", **values),
        )
        values["archetype"] = node.spec.archetype.value
        yield (
            f"tests/test_{operation.handler_module}.py",
            _rendered(templates, "common/test_handler.py", **values),
        )


def _tests(node: NodeContract, templates: Templates) -> Iterator[Rendered]:
    yield "tests/__init__.py", _package(templates, "The node's own tests.")
    yield (
        "tests/test_models.py",
        _rendered(templates, "common/test_models.py", examples=examples(node.models)),
    )
    yield "tests/test_node.py", _rendered(templates, "common/test_node.py", node=node)
    if node.spec.event_bus:
        yield "tests/test_start_node.py", _rendered(templates, "common/test_start_node.py")
    if node.orchestrator:
        names = [step.name for step in node.orchestrator.steps]
        yield "tests/test_workflow.py", _of_archetype(templates, node, "test_workflow.py", step_names=names)


def _of_archetype(templates: Templates, node: NodeContract, name: str, **values: Any) -> GeneratedFile:
    return _rendered(templates, f"{node.spec.archetype}/{name}", node=node, **values)


def _rendered(templates: Templates, name: str, **values: Any) -> GeneratedFile:
    return templates.file(f"{name}.j2", values, stage=STAGE)


def _package(templates: Templates, text: str) -> GeneratedFile:
    return _rendered(templates, "common/package.py", text=text)


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
