"""Holds a generated system against the texts it was made from, and against the same system with plain words for texts.

Each function yields what is wrong, in words.
"""

from __future__ import annotations

import ast
import importlib
import sys
import tomllib
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any

import yaml
from markdown_it import MarkdownIt
from spec.checking import tree_of_text

from nodesmith.generation.filters import markdown, one_line
from nodesmith.spec.model import DictType, EnumType, ListType, NullableType, ScalarName, ScalarType
from nodesmith.spec.tree import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from nodesmith.contract.models import ModelContract
    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.files import NodeFiles
    from nodesmith.spec.model import FieldType

# Nothing a person writes as text stands in these.
WITHOUT_TEXTS = ("Dockerfile", ".env.example", "start_node.py", "handler.py", "test_node.py")


# -- against the same system with plain words


def changed_shapes(files: NodeFiles, expected: NodeFiles) -> Iterator[str]:
    """Yield every file that is made of other parts than the one with plain words."""
    if list(files) != list(expected):
        yield f"other files: {set(files) ^ set(expected)}"
        return
    for path, file in files.items():
        name = path.rpartition("/")[2]
        if name in WITHOUT_TEXTS and file.text != expected[path].text:
            yield f"{path}: a text stands in it"
        elif shape_of(name, file.text) != shape_of(name, expected[path].text):
            yield f"{path}: another shape"


def shape_of(name: str, text: str) -> object:
    """Return what kinds of parts a file is made of, in its own language."""
    match name.rpartition(".")[2]:
        case "py":
            return [type(node).__name__ for node in ast.walk(ast.parse(text))]
        case "yaml":
            return data_shape(yaml.safe_load(text))
        case "toml":
            return data_shape(tomllib.loads(text))
        case "md":
            return [(token.type, token.tag, token.level) for token in markdown_tokens(text)]
    return len(text.splitlines())


def data_shape(data: object) -> object:
    match data:
        case dict():
            return [data_shape(value) for value in data.values()]
        case list():
            return [data_shape(value) for value in data]
    return type(data).__name__


def markdown_tokens(text: str) -> Iterator[Any]:
    """Yield all tokens of a document but plain text, which may be cut up in any way."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        for part in (token, *(token.children or ())):
            if part.type not in ("text", "softbreak", "text_special"):
                yield part


# -- against the texts themselves


def lost_texts(contract: NodeContract, files: NodeFiles) -> Iterator[str]:
    """Yield every text of a person's that is not, to the letter, a value in a file it belongs into."""
    version = contract.version_folder
    for path, text in python_places(contract):
        constants = {
            node.value
            for node in ast.walk(ast.parse(files[f"{version}/{path}"].text))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if text not in constants:
            yield f"{path}: {text!r}"
    if tomllib.loads(files["pyproject.toml"].text)["project"]["description"] != one_line(
        contract.description
    ):
        yield "pyproject.toml: the description"
    for text in (contract.description, *(operation.description for operation in contract.operations)):
        if markdown(text) not in files["README.md"].text:
            yield f"README.md: {text!r}"
    for path in (path for path in files if path.endswith(".yaml")):
        if plain(tree_of_text(files[path].text)) != yaml.safe_load(files[path].text):
            yield f"{path}: YAML 1.1 and 1.2 read different things"


def python_places(contract: NodeContract) -> Iterator[tuple[str, str]]:
    yield "node.py", contract.description
    for operation in contract.handlers:
        for path in ("node.py", f"handlers/{operation.handler_module}.py"):
            yield path, operation.description
    for model in contract.models:
        path = f"models/{model.module}.py"
        yield path, model.description
        for field in model.fields:
            yield from ((path, field.description) for _ in [1] if field.description)
            yield from (
                (path, str(value)) for key, value in field.spec.constraints.items() if key == "pattern"
            )
            yield from ((path, text) for text in texts_in(field.spec.default, field.spec.type))
    for enum in contract.enums:
        yield f"enums/{enum.module}.py", enum.description
        yield from ((f"enums/{enum.module}.py", member.value) for member in enum.members)
    yield from (("workflow.py", text) for text in literals(contract))


def literals(contract: NodeContract) -> Iterator[str]:
    """Yield the texts that a workflow's steps and its result are given as they are."""
    workflow = contract.spec.workflow
    if workflow is None:
        return
    for bindings in (*(step.bindings for step in workflow.steps), workflow.result):
        for binding in bindings.values():
            value = getattr(binding, "value", None)
            yield from ([value] if isinstance(value, str) else [])


def texts_in(value: object, kind: FieldType) -> Iterator[str]:
    """Yield the texts of a default that stand in the code as they are; an enum's stand with the enum."""
    match kind:
        case NullableType(inner=inner):
            yield from texts_in(value, inner)
        case ListType(item=inner) if isinstance(value, list):
            for part in value:
                yield from texts_in(part, inner)
        case DictType(value=inner) if isinstance(value, dict):
            for key, part in value.items():
                yield key
                yield from texts_in(part, inner)
        case ScalarType(name=ScalarName.STR | ScalarName.JSON) if isinstance(value, str):
            yield value


# -- as Python has them once they are imported


def other_values(contract: NodeContract, folder: Path) -> Iterator[str]:
    """Import a written node and yield every docstring, description and default that is not what the spec says."""
    with imported(folder, contract.folder) as module_of:
        node = module_of(f"{contract.version_folder}.node")
        yield from _other_docs(contract, node)
        for model in contract.models:
            built = getattr(module_of(f"{contract.version_folder}.models.{model.module}"), model.class_name)
            yield from _other_fields(model, built)


@contextmanager
def imported(folder: Path, package: str) -> Iterator[Any]:
    """Give what imports a module of a package in a folder, and forget the package afterwards."""
    writes = sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield lambda name: importlib.import_module(f"{package}.{name}")
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


def _other_docs(contract: NodeContract, node: ModuleType) -> Iterator[str]:
    made = getattr(node, contract.class_name)()
    definition = made.definition
    said = [node.__doc__, type(made).__doc__, definition.identity.description]
    said += [operation.description for operation in definition.operations if operation.name != "get_state"]
    wanted = [contract.description] * 3
    wanted += [operation.description for operation in contract.operations if operation.name != "get_state"]
    if list(map(as_docstring, said)) != list(map(as_docstring, wanted)):
        yield f"{contract.class_name}: its texts are {said!r}"


def as_docstring(text: str) -> str:
    """From 3.13 on Python takes common indentation and tabs out of a docstring."""
    return "\n".join(line.expandtabs().strip() for line in text.split("\n"))


def _other_fields(model: ModelContract, built: Any) -> Iterator[str]:
    for field in model.fields:
        info = built.model_fields[field.name]
        if (info.description or "") != field.description:
            yield f"{model.class_name}.{field.name}: is described as {info.description!r}"
        if not field.spec.required and is_textual(field.spec.type):
            default = plain_value(info.get_default(call_default_factory=True))
            if default != field.spec.default:
                yield f"{model.class_name}.{field.name}: {default!r} is not {field.spec.default!r}"


def is_textual(kind: FieldType) -> bool:
    """Say whether a type's values are, in Python, what the spec spells."""
    match kind:
        case NullableType(inner=inner) | ListType(item=inner) | DictType(value=inner):
            return is_textual(inner)
    return isinstance(kind, EnumType) or kind in (ScalarType(ScalarName.STR), ScalarType(ScalarName.JSON))


def plain_value(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case list():
            return [plain_value(part) for part in value]
        case dict():
            return {key: plain_value(part) for key, part in value.items()}
    return value


def write(nodes: Mapping[str, NodeFiles], folder: Path) -> None:
    for node, files in nodes.items():
        for path, file in files.items():
            place = folder / node / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.text.encode())
