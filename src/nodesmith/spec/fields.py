"""Fields as a file spells them: a type text, or a mapping with a type, an enum or nested fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import KEYWORDS, spelling_problem
from nodesmith.spec.constraints import CONSTRAINTS, read_constraints
from nodesmith.spec.model import (
    DictType,
    EnumType,
    FieldSpec,
    FieldType,
    ListType,
    NullableType,
    RecordType,
)
from nodesmith.spec.reading import (
    bool_of,
    check_keys,
    check_name,
    description_of,
    list_of,
    mapping_of,
    siblings_of,
    text_of,
)
from nodesmith.spec.tree import Tree, plain, shown
from nodesmith.spec.type_language import TYPE_WORDS, UNKNOWN_TYPE, TypeTextError, parse_type
from nodesmith.spec.values import constraint_problem, pattern_problem, value_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodesmith.spec.findings import Findings

MAX_RECORD_DEPTH = 6
MAX_NAMES_LENGTH = 130
MAX_ENUM_VALUE_LENGTH = 200
MAX_ENUM_VALUES = 500

_ABOUT_TYPE = ("type", "enum", "fields", "items", "values", "nullable")
FIELD_KEYS = (*_ABOUT_TYPE, "default", "description", *CONSTRAINTS)
_CONTAINERS = {"list": "items", "dict": "values"}
_WANTED = "a type such as str, or a mapping with 'type', 'enum' or 'fields'"

# The builtin types that generated models name in their annotations.
ANNOTATION_TYPES = frozenset({"bool", "bytes", "dict", "float", "int", "list", "str"})
# Public attributes of pydantic's BaseModel, as an object and as a class, that do not begin with `model_`: a field of that
# name hides one, which is a warning wherever the model is imported. A test holds them against pydantic's own.
RESERVED_FIELDS = frozenset(
    [
        "construct",
        "copy",
        "dict",
        "from_orm",
        "json",
        "mro",
        "parse_file",
        "parse_obj",
        "parse_raw",
        "register",
        "schema",
        "schema_json",
        "update_forward_refs",
        "validate",
    ]
)


def read_fields(tree: Tree, findings: Findings, *, depth: int = 0, names: int = 0) -> tuple[FieldSpec, ...]:
    """Return the fields of a record; `names` is how long the names above it are together."""
    entries = siblings_of(tree, findings, what="field")
    return tuple(
        read_field(name, entry, findings, depth=depth, names=names) for name, entry in entries.items()
    )


def read_field(name: str, tree: Tree, findings: Findings, *, depth: int = 0, names: int = 0) -> FieldSpec:
    """Return one field; where its type cannot be read it has the type that fits everything."""
    check_field_name(name, tree, findings)
    if isinstance(tree.value, str):
        found = _type_of_text(tree, findings)
        is_nullable = isinstance(found, NullableType)
        return FieldSpec(name=name, type=found, required=not is_nullable)
    entries = mapping_of(tree, findings, _WANTED, _fix_for(tree))
    if not isinstance(tree.value, dict):
        return FieldSpec(name=name, type=UNKNOWN_TYPE)
    _check_field_keys(tree, findings)
    found = _type_of_mapping(tree, findings, depth=depth, names=names + len(name) + 1)
    default = entries.get("default")
    field = FieldSpec(
        name=name,
        type=found,
        required=default is None and not isinstance(found, NullableType),
        default=None if default is None else plain(default),
        description=description_of(entries, findings),
        constraints=read_constraints(entries, found, findings),
    )
    if default is not None and default.is_readable:
        _check_default(field, default, findings)
    return field


def check_field_name(name: str, tree: Tree, findings: Findings) -> None:
    """Find what keeps `name` from being a field of a model."""
    check_name(name, tree, findings, what="field", problem_of=field_name_problem)


def field_name_problem(name: str) -> str:
    """Return why `name` may not name a field, or an empty string where it may.

    A field is always an attribute of something, so it may be called like a builtin (`id`, `type`), but not like the
    types that stand beside it in the body of its model.
    """
    if problem := spelling_problem(name):
        return problem
    if name in KEYWORDS:
        return "is a Python keyword"
    if name in RESERVED_FIELDS or name.startswith("model_"):
        return "is taken by pydantic's models"
    return "is a type that models name in their annotations" if name in ANNOTATION_TYPES else ""


def _fix_for(tree: Tree) -> str:
    if isinstance(tree.value, tuple):
        return "a choice is written {enum: [a, b]}, a list 'list[str]'"
    return "write a type, such as str" if tree.value is None else ""


def _check_field_keys(tree: Tree, findings: Findings) -> None:
    shapes = [key for key in ("type", "enum", "fields") if key in tree.entries]
    unknown = [key for key in tree.entries if key not in FIELD_KEYS]
    if unknown and not shapes:
        first = tree.entries[unknown[0]]
        fix = findings.near(unknown[0], FIELD_KEYS)
        if not fix.startswith("did you mean"):
            fix = "a nested record is written {fields: {...}}"
        findings.add("unknown-key", f"a field has no key {shown(unknown[0])}", first.key, fix)
        return
    check_keys(tree, findings, allowed=FIELD_KEYS, what="a field")
    if not shapes:
        findings.add("missing-key", "a field needs 'type', 'enum' or 'fields'", tree.key, "add 'type:'")
    for extra in shapes[1:]:
        message = f"'{shapes[0]}' and '{extra}' exclude each other"
        findings.add("contradiction", message, tree.entries[extra].key, "keep one of the two")


def _type_of_mapping(tree: Tree, findings: Findings, *, depth: int, names: int) -> FieldType:
    entries = tree.entries
    container = _container_of(tree, findings)
    if container:
        inner = _element(
            entries.get(_CONTAINERS[container]), container, tree, findings, depth=depth, names=names
        )
        found: FieldType = ListType(inner) if container == "list" else DictType(inner)
    elif "type" in entries:
        found = _type_of_text(entries["type"], findings)
    elif "enum" in entries:
        found = _enum(entries["enum"], findings)
    elif "fields" in entries:
        found = _record(entries["fields"], findings, depth=depth, names=names)
    else:
        return UNKNOWN_TYPE
    return _nullable(found, entries, findings)


def _container_of(tree: Tree, findings: Findings) -> str:
    """Return `list` or `dict` where the type is one whose elements stand apart; find elements of anything else."""
    kind = tree.entries.get("type")
    text = kind.value if kind is not None and isinstance(kind.value, str) else ""
    for name, key in _CONTAINERS.items():
        if key in tree.entries and text != name:
            message = f"'{key}' belongs to 'type: {name}'"
            findings.add(
                "contradiction", message, tree.entries[key].key, f"write 'type: {name}' or drop '{key}'"
            )
    return text if text in _CONTAINERS else ""


def _element(
    tree: Tree | None, container: str, owner: Tree, findings: Findings, *, depth: int, names: int
) -> FieldType:
    key = _CONTAINERS[container]
    if tree is None:
        message = f"'type: {container}' needs '{key}'"
        short = "list[str]" if container == "list" else "dict[str, int]"
        findings.add("missing-key", message, owner.entries["type"].place, f"add '{key}:', or write '{short}'")
        return UNKNOWN_TYPE
    if isinstance(tree.value, str):
        return _type_of_text(tree, findings)
    mapping_of(tree, findings, _WANTED, _fix_for(tree))
    if not isinstance(tree.value, dict):
        return UNKNOWN_TYPE
    for extra in tree.entries:
        if extra in ("default", "description", *CONSTRAINTS):
            message = f"'{key}' has a type only, no {shown(extra)}"
            fix = "put it on the field itself, or make the elements records with a field of their own"
            findings.add("unknown-key", message, tree.entries[extra].key, fix)
    _check_field_keys(tree, findings)
    return _type_of_mapping(tree, findings, depth=depth + 1, names=names)


def _type_of_text(tree: Tree, findings: Findings) -> FieldType:
    text = text_of(tree, findings, "a type")
    if not isinstance(tree.value, str):
        return UNKNOWN_TYPE
    if text.strip() in _CONTAINERS:
        return _bare_container(text.strip(), tree, findings)
    try:
        return parse_type(text)
    except TypeTextError as error:
        fix = error.fix or findings.near(error.word, TYPE_WORDS)
        findings.add("unknown-type", str(error), tree.place, fix)
        return UNKNOWN_TYPE


def _bare_container(name: str, tree: Tree, findings: Findings) -> FieldType:
    element = "list[str]" if name == "list" else "dict[str, int]"
    message = f"'{name}' does not say what it holds"
    findings.add(
        "unknown-type", message, tree.place, f"write '{element}', or a mapping with '{_CONTAINERS[name]}'"
    )
    return UNKNOWN_TYPE


def _nullable(found: FieldType, entries: Mapping[str, Tree], findings: Findings) -> FieldType:
    if "nullable" not in entries or not bool_of(entries["nullable"], findings):
        return found
    return found if isinstance(found, NullableType) or found is UNKNOWN_TYPE else NullableType(found)


def _enum(tree: Tree, findings: Findings) -> FieldType:
    values: dict[str, None] = {}
    for item in list_of(tree, findings, "a list of texts"):
        value = text_of(item, findings, "a text")
        if not isinstance(item.value, str):
            continue
        if not value or len(value) > MAX_ENUM_VALUE_LENGTH:
            message = f"an enum's value has 1 to {MAX_ENUM_VALUE_LENGTH} characters, found {len(value)}"
            findings.add("enum-value", message, item.place, "write a word")
        elif value in values:
            findings.add(
                "duplicate-value", f"{shown(value)} stands here twice", item.place, "keep one of the two"
            )
        else:
            values[value] = None
    if len(tree.items) > MAX_ENUM_VALUES:
        message = f"an enum of {len(tree.items)} values, more than {MAX_ENUM_VALUES}"
        findings.add("too-large", message, tree.place, "use 'str' and check the values in the handler")
    if tree.value == ():
        findings.add("empty", "an enum needs at least one value", tree.place, "write {enum: [a, b]}")
    return EnumType(tuple(values)) if values else UNKNOWN_TYPE


def _record(tree: Tree, findings: Findings, *, depth: int, names: int) -> FieldType:
    if depth >= MAX_RECORD_DEPTH:
        message = f"records are nested deeper than {MAX_RECORD_DEPTH}"
        findings.add("too-deep", message, tree.place, "use json for what is that deep")
        return UNKNOWN_TYPE
    if names > MAX_NAMES_LENGTH:
        message = f"the names down to this record have more than {MAX_NAMES_LENGTH} characters together"
        findings.add("too-long", message, tree.key, "shorten them: they become one file name")
    if tree.value == {}:
        findings.add("empty", "a record needs at least one field", tree.place, "add a field")
    fields = read_fields(tree, findings, depth=depth + 1, names=names)
    return RecordType(fields) if isinstance(tree.value, dict) else UNKNOWN_TYPE


def _check_default(field: FieldSpec, tree: Tree, findings: Findings) -> None:
    problem = value_problem(field.default, field.type)
    if problem:
        findings.add("default", f"the default does not fit: {problem}", tree.place)
        return
    pattern = field.constraints.get("pattern")
    problem = constraint_problem(field.default, field)
    if not problem and isinstance(pattern, str):
        problem = pattern_problem(pattern, field.default)
    if problem:
        findings.add("default", f"the default {problem}", tree.place, "change the default or the constraint")
