"""Templates -> text, with strict names and nothing escaped behind one's back."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import GateError
from nodesmith.generation.filters import FILTERS

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.bccache import Bucket

TEMPLATES = Path(__file__).parent / "templates"
COMPILED = TEMPLATES / "__pycache__"


@cache
def environment() -> Environment:
    """Return the one environment all templates are rendered in; a name that is not given is an error."""
    from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined

    class CompiledBeside(FileSystemBytecodeCache):
        """Keeps compiled templates beside them, where Python keeps compiled modules and when it does."""

        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with suppress(OSError):
                    COMPILED.mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - what is written is Python, not HTML; filters escape for their language
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=CompiledBeside(str(COMPILED)),
    )
    made.filters.update(FILTERS)
    return made


def render(template: str, values: dict[str, object], *, stage: str) -> str:
    """Return a template's text with `values`; raises GateError of `stage` where the template does not hold."""
    from jinja2 import TemplateError

    try:
        return environment().get_template(template).render(values)
    except (TemplateError, TypeError, ValueError) as error:
        raise GateError(
            f"the template {template} could not be rendered: {error}",
            stage=stage,
            fix="this is a fault of nodesmith's own; please report it with the spec",
        ) from error
