"""Templates -> text, with strict names and nothing escaped behind one's back."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nodesmith.errors import Finding, GateError
from nodesmith.generation.declarations import Declaration, read_declaration
from nodesmith.generation.files import GeneratedFile
from nodesmith.generation.filters import FILTERS
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Environment
    from jinja2.bccache import Bucket

TEMPLATES = Path(__file__).parent / "templates"
COMPILED = TEMPLATES / "__pycache__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A team's template: its text, and the file it was read from, as messages call it."""

    file: str
    text: str


@dataclass(frozen=True)
class Templates:
    """The templates that nodes are made from; a name that is not given to one is an error.

    `overrides` are a team's own, by the name of the template they lie over, and `shown_folder` is where they are.
    """

    environment: Environment
    overrides: Mapping[str, Override] = field(default_factory=dict)
    shown_folder: str = ""

    def text(self, template: str, values: Mapping[str, object], *, stage: str) -> str:
        """Return a template's text with `values`; raises GateError of `stage` where the template does not hold."""
        from jinja2 import TemplateError

        # A team's template may do whatever it can think of.
        expected = (Exception,) if self.overrides else (TemplateError, TypeError, ValueError)
        try:
            text = self.environment.get_template(template).render(values)
            if self.overrides:
                text.encode()  # half a surrogate pair cannot be written
        except expected as error:
            raise self._unrendered(template, error, values, stage=stage) from error
        return text

    def file(self, template: str, values: Mapping[str, object], *, stage: str) -> GeneratedFile:
        """Return the file that a template makes, as it declares it; raises GateError of `stage`."""
        declared = self.declaration(template)
        return GeneratedFile(
            text=self.text(template, values, stage=stage),
            owner=declared.owner,
            executable=declared.executable,
            moved_from=tuple(self._moved_from(template, declared, values, stage=stage)),
            templates=self.overrides_in(template) if self.overrides else (),
        )

    def declaration(self, template: str) -> Declaration:
        """Return what a template declares; one that says nothing goes by the one it is laid over."""
        if template not in self._declarations:
            found = (
                read_declaration(text, template=name)
                for name, text in (self._override(template), self._own(template))
                if name
            )
            self._declarations[template] = next(one for one in found if one is not None)
        return self._declarations[template]

    def has(self, template: str) -> bool:
        """Say whether there is such a template."""
        return template in self.overrides or (TEMPLATES / template).is_file()

    def overrides_in(self, template: str) -> tuple[str, ...]:
        """Return the files of the team's that a template is made of: itself, and what it imports or includes."""
        if template not in self._made_of:
            self._made_of[template] = tuple(sorted(set(self._overrides_in(template, set()))))
        return self._made_of[template]

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of every template's name and text, as hexadecimal digits."""
        texts = {
            place.relative_to(TEMPLATES).as_posix(): place.read_bytes() for place in TEMPLATES.rglob("*.j2")
        }
        texts.update({name: override.text.encode() for name, override in self.overrides.items()})
        digest = sha256()
        for name in sorted(texts):
            digest.update(f"{name}\0".encode() + texts[name] + b"\0")
        return digest.hexdigest()

    @cached_property
    def _declarations(self) -> dict[str, Declaration]:
        return {}

    @cached_property
    def _made_of(self) -> dict[str, tuple[str, ...]]:
        return {}

    def _override(self, template: str) -> tuple[str, str]:
        found = self.overrides.get(template)
        return (found.file, found.text) if found else ("", "")

    def _own(self, template: str) -> tuple[str, str]:
        return str(TEMPLATES / template), (TEMPLATES / template).read_text(encoding="utf-8")

    def _overrides_in(self, template: str, seen: set[str]) -> Iterator[str]:
        from jinja2 import TemplateError
        from jinja2.meta import find_referenced_templates

        if template in seen:
            return
        seen.add(template)
        if template in self.overrides:
            yield self.overrides[template].file
        with suppress(TemplateError, RecursionError):  # what cannot be read is told by whoever renders it
            source = self.environment.loader.get_source(self.environment, template)[0]  # type: ignore[union-attr]
            for name in find_referenced_templates(self.environment.parse(source)):
                yield from self._overrides_in(name, seen) if name else ()

    def _moved_from(
        self, template: str, declared: Declaration, values: Mapping[str, object], *, stage: str
    ) -> Iterator[str]:
        for pattern in declared.moved_from:
            try:
                path = self.environment.from_string(pattern).render(values)
            except Exception as error:
                raise self._unrendered(template, error, values, stage=stage) from error
            if not _is_inside(path):
                name = self._override(template)[0] or template
                message, fix = (
                    f"moved_from '{path}' is no path in the node's folder",
                    "write one with / and without ..",
                )
                finding = Finding(rule="declaration", message=message, fix=fix, file=name, line=1)
                raise GateError(f"{name}:1: {message}", stage=stage, findings=(finding,), fix=fix)
            yield path

    def _unrendered(
        self, template: str, error: Exception, values: Mapping[str, object], *, stage: str
    ) -> GateError:
        if self.overrides and (files := self.overrides_in(template)):
            from nodesmith.generation.blame import unrendered

            return unrendered(template, error, values, files=files, stage=stage)
        return GateError(
            f"the template {template} could not be rendered: {error}",
            stage=stage,
            fix="this is a fault of nodesmith's own; please report it with the spec",
        )


@cache
def packaged_templates() -> Templates:
    """Return nodesmith's own templates."""
    from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader

    class CompiledBeside(FileSystemBytecodeCache):
        """Keeps compiled templates beside them, where Python keeps compiled modules and when it does."""

        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with suppress(OSError):
                    COMPILED.mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    environment = Environment(  # noqa: S701 - what is written is Python, not HTML; filters escape for their language
        loader=FileSystemLoader(TEMPLATES),
        bytecode_cache=CompiledBeside(str(COMPILED)),
        **environment_options(),
    )
    environment.filters.update(FILTERS)
    return Templates(environment)


def environment_options() -> dict[str, Any]:
    """Return what every environment has that templates are rendered in."""
    from jinja2 import StrictUndefined

    return {
        "undefined": StrictUndefined,
        "autoescape": False,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "keep_trailing_newline": True,
        "auto_reload": False,
    }


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return (
        path.isprintable()
        and not {"", ".", ".."}.intersection(parts)
        and not any(sign in path for sign in "\\:")
    )
