"""Templates -> text, with strict names and nothing escaped behind one's back."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import GateError
from nodesmith.generation.declarations import Declaration, read_declaration
from nodesmith.generation.files import GeneratedFile
from nodesmith.generation.filters import FILTERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment
    from jinja2.bccache import Bucket

TEMPLATES = Path(__file__).parent / "templates"
COMPILED = TEMPLATES / "__pycache__"


@dataclass(frozen=True)
class Templates:
    """The templates that nodes are made from; a name that is not given to one is an error."""

    environment: Environment
    folders: tuple[Path, ...]

    def text(self, template: str, values: Mapping[str, object], *, stage: str) -> str:
        """Return a template's text with `values`; raises GateError of `stage` where the template does not hold."""
        from jinja2 import TemplateError

        try:
            return self.environment.get_template(template).render(values)
        except (TemplateError, TypeError, ValueError) as error:
            raise _unrendered(template, error, stage=stage) from error

    def file(self, template: str, values: Mapping[str, object], *, stage: str) -> GeneratedFile:
        """Return the file that a template makes, as it declares it; raises GateError of `stage`."""
        text = self.text(template, values, stage=stage)
        declared = self.declaration(template)
        moved_from = tuple(
            self.environment.from_string(pattern).render(values) for pattern in declared.moved_from
        )
        return GeneratedFile(
            text=text, owner=declared.owner, executable=declared.executable, moved_from=moved_from
        )

    def declaration(self, template: str) -> Declaration:
        """Return what a template declares; one that says nothing goes by the one it is laid over."""
        if template not in self._declarations:
            sources = ((folder / template) for folder in self.folders)
            found = (
                read_declaration(place.read_text(encoding="utf-8"), template=str(place))
                for place in sources
                if place.is_file()
            )
            self._declarations[template] = next(one for one in found if one is not None)
        return self._declarations[template]

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of every template's name and text, as hexadecimal digits."""
        names = {
            place.relative_to(folder).as_posix(): place
            for folder in reversed(self.folders)
            for place in folder.rglob("*.j2")
        }
        digest = sha256()
        for name in sorted(names):
            digest.update(f"{name}\0".encode() + names[name].read_bytes() + b"\0")
        return digest.hexdigest()

    @cached_property
    def _declarations(self) -> dict[str, Declaration]:
        return {}


@cache
def packaged_templates() -> Templates:
    """Return nodesmith's own templates."""
    from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined

    class CompiledBeside(FileSystemBytecodeCache):
        """Keeps compiled templates beside them, where Python keeps compiled modules and when it does."""

        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with suppress(OSError):
                    COMPILED.mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - what is written is Python, not HTML; filters escape for their language
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=CompiledBeside(str(COMPILED)),
    )
    environment.filters.update(FILTERS)
    return Templates(environment, (TEMPLATES,))


def _unrendered(template: str, error: Exception, *, stage: str) -> GateError:
    return GateError(
        f"the template {template} could not be rendered: {error}",
        stage=stage,
        fix="this is a fault of nodesmith's own; please report it with the spec",
    )
