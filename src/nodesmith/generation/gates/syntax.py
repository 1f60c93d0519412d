"""Files that do not parse in their own language."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nodesmith.errors import Finding
from nodesmith.generation.gates.parsed import ParsedNode

if TYPE_CHECKING:
    import yaml

    from nodesmith.generation.files import NodeFiles


def parse_node(files: NodeFiles) -> tuple[ParsedNode, list[Finding]]:
    """Return the node's files parsed, and a finding for each that does not parse."""
    findings: list[Finding] = []
    modules: dict[str, ast.Module] = {}
    documents: dict[str, object] = {}
    for path, file in files.items():
        try:
            match path.rpartition(".")[2]:
                case "py":
                    modules[path] = _parse_module(file.text)
                case "yaml":
                    documents[path] = READERS.get(path, read_yaml)(file.text)
                case ending if ending in OTHERS:
                    OTHERS[ending](file.text)
        except (
            SyntaxError,
            ValueError,
            RecursionError,
            MemoryError,
        ) as error:  # the last two: nested too deep
            line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
            findings.append(Finding(rule="syntax", message=str(error), file=path, line=line))
    return ParsedNode(files, modules, documents), findings


# Some modules are the same in every node: how it starts is tested in the same words everywhere.
@lru_cache(maxsize=128)
def _parse_module(text: str) -> ast.Module:
    return ast.parse(text)


def read_yaml(text: str) -> object:
    """Return what PyYAML's safe loader reads in a YAML document; raises ValueError where it does not parse."""
    import yaml

    # libyaml's parser is ten times faster, where PyYAML was built with it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _yaml_value(node, loader)
    except (yaml.YAMLError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    finally:
        loader.dispose()


def _yaml_value(node: yaml.Node, loader: yaml.SafeLoader) -> Any:
    """Return a node's data: texts, lists and mappings, which are nearly all there is, without the loader's detours."""
    if node.tag == "tag:yaml.org,2002:str":
        return node.value
    if node.tag == "tag:yaml.org,2002:seq":
        return [_yaml_value(item, loader) for item in node.value]
    if node.tag == "tag:yaml.org,2002:map" and not any(key.tag in _MERGING for key, _ in node.value):
        return {_yaml_value(key, loader): _yaml_value(value, loader) for key, value in node.value}
    return loader.construct_object(node, deep=True)


_MERGING = ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")

OTHERS: dict[str, Callable[[str], object]] = {"toml": tomllib.loads, "json": json.loads}


def read_in_pieces(text: str) -> object:
    """Return the data of an AsyncAPI document of ours, as `read_yaml` would; raises ValueError where it does not parse.

    Most of such a document stands in that of every node: what is read once is not read again. A piece is an entry of a
    block mapping, so it begins where a line is indented as far as its neighbours, and whatever is in it is further in.
    """
    document: dict[str, object] = {}
    for piece in _pieces(text, 0):
        name, _, inside = piece.partition(":\n")
        if inside and name in ("channels", "operations"):
            document[name] = _read_entries(inside, 1)
        elif inside and name == "components":
            document[name] = dict(_read_component(part) for part in _pieces(inside, 1))
        else:
            document.update(_read_piece(piece))
    return document


def _read_component(piece: str) -> tuple[str, object]:
    name, _, inside = piece.partition(":\n")
    if inside:
        return name.strip(), _read_entries(inside, 2)
    ((name, value),) = _read_piece(piece).items()
    return name, value


def _read_entries(text: str, depth: int) -> dict[str, object]:
    return {key: value for piece in _pieces(text, depth) for key, value in _read_piece(piece).items()}


def _pieces(text: str, depth: int) -> list[str]:
    return [piece for piece in _STARTS[depth].split(text) if piece]


_STARTS = tuple(re.compile(rf"^(?={'  ' * depth}\S)", re.MULTILINE) for depth in range(3))


@lru_cache(maxsize=128)
def _read_piece(piece: str) -> Mapping[str, object]:
    found = read_yaml(piece)
    if not isinstance(found, Mapping):
        raise ValueError(f"{piece[:40]!r} is no entry of a mapping")  # noqa: TRY004 - what does not parse as it should
    return found


READERS: dict[str, Callable[[str], object]] = {"asyncapi.yaml": read_in_pieces}
