"""An envelope read together with its payload, in one pass and straight into the operation's input model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError, create_model


class TypedEnvelope(BaseModel):
    """What an Envelope has, with None for what is missing, and a payload of one type."""

    model_config = ConfigDict(extra="ignore")

    payload: Any
    envelope_id: UUID | None = None
    envelope_timestamp: datetime | None = None
    correlation_id: UUID | None = None
    event_type: str | None = None
    source_tool: str | None = None
    parent_envelope_id: UUID | None = None


Reader = Callable[[bytes], TypedEnvelope | None]


def typed_reader(input_model: type[BaseModel], *, lenient: bool) -> Reader:
    """Return what reads a record's value, and gives None for one that does not fit.

    What is wrong with that one is for `read_envelope` and `fit_json` to say, which read in two passes.
    """
    model = create_model("TypedEnvelope", __base__=TypedEnvelope, payload=(input_model, ...))
    validate = model.__pydantic_validator__.validate_json
    extra: Literal["ignore"] | None = "ignore" if lenient else None

    def read(value: bytes) -> TypedEnvelope | None:
        try:
            envelope: TypedEnvelope = validate(value, extra=extra)
        except ValidationError:
            return None
        return envelope

    return read
