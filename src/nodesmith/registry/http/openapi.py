"""The API's description, OpenAPI 3.1, made of the table of routes and the models."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from nodesmith import __version__
from nodesmith.registry.http import models
from nodesmith.registry.http.answers import JSON_TYPE, encode, encoded
from nodesmith.registry.http.routes import EVENT_STREAM, ROUTES, Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web
    from pydantic import BaseModel

# Of events, which no path answers with.
EVENT_MODELS = (models.Snapshot, models.ChangeEvent)
TEXT = {"schema": {"type": "string"}}
_PARAMETER = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{model}"


def openapi() -> dict[str, Any]:
    """Return the description as plain JSON data."""
    described = [route for route in ROUTES if route.is_described]
    paths: dict[str, dict[str, Any]] = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nodesmith registry",
            "version": __version__,
            "description": "Which nodes are on the bus, and how they are. Every error has the form of `Error`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(described),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "nodesmith_registry"},
            },
        },
        "security": [{"token": []}, {"session": []}, {}],
    }


class Description:
    """Shows it; it is made once, when somebody asks."""

    def __init__(self) -> None:
        self._body = b""

    async def show(self, _request: web.Request) -> web.Response:
        """Return the description."""
        self._body = self._body or encode(openapi())
        return encoded(self._body)


def _operation(route: Route) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    parameters += [
        {"name": each.name, "in": "query", "description": each.text, "schema": dict(each.schema)}
        for each in route.query
    ]
    operation: dict[str, Any] = {
        "operationId": route.handler.replace(".", "_"),
        "summary": route.summary,
        "responses": _responses(route),
    }
    if parameters:
        operation["parameters"] = parameters
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": {JSON_TYPE: {"schema": _ref(route.takes)}}}
    if route.is_open:
        operation["security"] = [{}]
    return operation


def _responses(route: Route) -> dict[str, Any]:
    responses = {"200": {"description": "As asked.", "content": _content(route)}}
    for status, model in route.answers_also.items():
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {JSON_TYPE: {"schema": _ref(model)}},
        }
    always = () if route.is_open else (401,)
    for status in (*always, *route.problems):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {JSON_TYPE: {"schema": _ref(models.Error)}},
        }
    responses["default"] = {
        "description": "Something is wrong.",
        "content": {JSON_TYPE: {"schema": _ref(models.Error)}},
    }
    return responses


def _content(route: Route) -> dict[str, Any]:
    answers = route.answers
    if isinstance(answers, str):
        is_json = answers == JSON_TYPE
        return {answers: {"schema": {"type": "object"}} if is_json else TEXT}
    if isinstance(answers, tuple):
        return {JSON_TYPE: {"schema": {"type": "array", "items": _ref(answers[0])}}}
    return {JSON_TYPE: {"schema": _ref(answers)}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _schemas(routes: Iterable[Route]) -> dict[str, Any]:
    answered: dict[type[BaseModel], None] = dict.fromkeys((models.Error, *EVENT_MODELS))
    taken: dict[type[BaseModel], None] = {}
    for route in routes:
        if isinstance(route.answers, tuple):
            answered[route.answers[0]] = None
        elif not isinstance(route.answers, str):
            answered[route.answers] = None
        answered.update(dict.fromkeys(route.answers_also.values()))
        if route.takes is not None:
            taken[route.takes] = None
    # What is answered has every field, what is taken may leave those with a default out.
    wanted = [*((model, "serialization") for model in answered), *((model, "validation") for model in taken)]
    _, definitions = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]  # a list of pairs
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


__all__ = ["EVENT_STREAM", "Description", "openapi"]
