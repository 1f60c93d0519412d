"""How the broker says no: an error code of the Kafka protocol, on its way to the response that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kio.schema.errors import ErrorCode


class RefusedError(Exception):
    """A request, or one part of it, is refused; never leaves the broker other than as an error code."""

    def __init__(self, code: ErrorCode, message: str = "") -> None:
        super().__init__(message or code.name)
        self.code = code
        self.message = message
