"""Answers held against the API's own description of itself."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from nodesmith.registry.http.openapi import openapi

JSON_TYPE = "application/json"


@cache
def _description() -> dict[str, Any]:
    return openapi()


def check(method: str, path: str, status: int, body: object) -> None:
    """Fail where an answer is not what the description says it is."""
    operation = _operation(method, path.partition("?")[0])
    answers = operation["responses"]
    content = answers.get(str(status), answers["default"])["content"]
    if str(status) not in answers:
        assert status >= 400, f"{method} {path} answers {status}, which is not described"
    _check_schema(content[JSON_TYPE]["schema"], body)


def check_component(name: str, body: object) -> None:
    """Fail where a document is not of the described shape of that name."""
    _check_schema({"$ref": f"#/components/schemas/{name}"}, body)


def _operation(method: str, path: str) -> dict[str, Any]:
    for template, operations in _description()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path):
            operation: dict[str, Any] = operations[method.lower()]
            return operation
    raise AssertionError(f"{path} is not described")


def _check_schema(schema: dict[str, Any], body: object) -> None:
    root = Resource.from_contents(_description(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:api", root)
    Draft202012Validator(_within(schema), registry=registry, format_checker=FormatChecker()).validate(body)


def _within(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose reference leads into the description."""
    if "items" in schema:
        return {**schema, "items": _within(schema["items"])}
    return {"$ref": f"urn:api{schema['$ref']}"}
