"""Answers: JSON, and errors in the one form they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from nodesmith.errors import BusUnavailableError, InputError, NodesmithError
from nodesmith.registry.overview import dumps
from nodesmith.runtime.envelope import findings

if TYPE_CHECKING:
    from typing import TypeVar

    ModelT = TypeVar("ModelT", bound=BaseModel)

JSON_TYPE = "application/json"


class ApiError(Exception):
    """What a request cannot have: the status, a word for programs, words for people and what to do about it."""

    def __init__(self, status: int, code: str, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fix = fix


def as_json(data: object, *, status: int = 200) -> web.Response:
    """Return data as an answer."""
    return encoded(encode(data), status=status)


def encoded(body: bytes, *, status: int = 200) -> web.Response:
    """Return JSON that is bytes already as an answer."""
    return web.Response(body=body, status=status, content_type=JSON_TYPE, charset="utf-8")


def encode(data: object) -> bytes:
    """Return the bytes of JSON, whatever odd characters texts of others hold."""
    return dumps(data).encode(errors="replace")


def error(status: int, code: str, message: str, *, fix: str = "") -> web.Response:
    """Return an error as an answer."""
    return as_json({"error": {"code": code, "message": message, "fix": fix}}, status=status)


def error_of(problem: NodesmithError) -> web.Response:
    """Return one of our own errors as an answer: what was asked is wrong, or the system did not answer."""
    if isinstance(problem, InputError):
        return error(400, "bad-input", problem.message, fix=problem.fix)
    code = "bus-unavailable" if isinstance(problem, BusUnavailableError) else "system-failed"
    return error(503, code, problem.message, fix=problem.fix)


async def read_body(request: web.Request, model: type[ModelT]) -> ModelT:
    """Return what was sent; raise ApiError where it does not fit."""
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as problem:
        raise ApiError(
            422,
            "invalid-body",
            findings(problem),
            fix="see /api/v1/openapi.json for what is expected",
        ) from None


def read_number(request: web.Request, name: str, *, default: int, most: int) -> int:
    """Return a whole number of the query; raise ApiError outside its bounds."""
    text = request.query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= most:
        raise ApiError(400, "bad-parameter", f"{name} is {text[:50]!r}", fix=f"use a number from 1 to {most}")
    return int(text)


def read_choice(request: web.Request, name: str, choices: tuple[str, ...]) -> str:
    """Return a word of the query, empty where there is none; raise ApiError for another one."""
    text = request.query.get(name, "")
    if text and text not in choices:
        raise ApiError(
            400, "bad-parameter", f"{name} is {text[:50]!r}", fix=f"use one of {', '.join(choices)}"
        )
    return text


def plain(document: Any) -> Any:
    """Return a document of others as it is where it can be JSON, else None."""
    try:
        encode(document)
    except (ValueError, TypeError, RecursionError):
        return None
    return document
