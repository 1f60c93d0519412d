"""Whose fault it is where a team's own templates are in use: what is wrong is said of their file and line."""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, GateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from nodesmith.generation.files import NodeFiles

OWN_FAULT = "this is a fault of nodesmith's own; please report it with the spec"

_UNDEFINED = re.compile(r"'(\w+)' is undefined")


def unrendered(
    template: str, error: Exception, values: Mapping[str, object], *, files: Sequence[str], stage: str
) -> GateError:
    """Return the error for a template that `files` of the team's take part in and that could not be rendered."""
    file, line = _place(error, files)
    finding = Finding(rule="template", message=_words(error), fix=_fix(error, values), file=file, line=line)
    message = f"the template {template} could not be rendered: {finding.message}"
    return GateError(message, stage=stage, findings=(finding,), fix=f"mend {file}")


@contextmanager
def blaming(files: NodeFiles, path: str) -> Iterator[None]:
    """Say of a gate that does not hold for `path` which of the team's templates it was made from."""
    try:
        yield
    except GateError as error:
        made_of = files[path].templates if path in files else ()
        if not made_of:
            raise
        fix = f"mend {' or '.join(made_of)}" + (f": {error.fix}" if error.fix else "")
        raise GateError(error.message, stage=error.stage, findings=error.findings, fix=fix) from error


def with_templates(findings: Iterable[Finding], nodes: Mapping[str, NodeFiles]) -> tuple[Finding, ...]:
    """Return findings that name, where they have no fix of their own, the team's template that made the file.

    `nodes` are the files of every unit, and a finding's file begins with its unit.
    """
    return tuple(_with_template(finding, nodes) for finding in findings)


def fix_for(findings: Iterable[Finding], nodes: Mapping[str, NodeFiles]) -> str:
    """Return what to do about findings in generated files, which may be a team's fault where its templates are in use."""
    if not any(file.templates for files in nodes.values() for file in files.values()):
        return OWN_FAULT
    at_fault = sorted({template for finding in findings for template in _made_of(finding, nodes)})
    if at_fault:
        return f"mend {' or '.join(at_fault)}, which it was made from"
    return "generate without your own templates to see whether it is their fault, and mend them, or report it"


def _with_template(finding: Finding, nodes: Mapping[str, NodeFiles]) -> Finding:
    made_of = () if finding.fix else _made_of(finding, nodes)
    return replace(finding, fix=f"mend {' or '.join(made_of)}") if made_of else finding


def _made_of(finding: Finding, nodes: Mapping[str, NodeFiles]) -> tuple[str, ...]:
    unit, _, path = finding.file.partition("/")
    file = nodes.get(unit, {}).get(path) or nodes.get(".", {}).get(finding.file)
    return file.templates if file else ()


def _place(error: Exception, files: Sequence[str]) -> tuple[str, int]:
    """Return the innermost file and line of the team's that an error comes from, or one that took part."""
    if getattr(error, "filename", None) in files:
        return str(error.filename), int(getattr(error, "lineno", 0))  # type: ignore[attr-defined]
    found, trace = (files[0], 0), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            found = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _words(error: Exception) -> str:
    from jinja2 import TemplateError, TemplateNotFound

    match error:
        case TemplateNotFound():
            return f"there is no template {', '.join(map(str, getattr(error, 'templates', [error.name])))}"
        case TemplateError():
            return str(error.message)
        case UnicodeEncodeError():
            return "its text holds half a surrogate pair, which no file can"
        case RecursionError():
            return "it is nested too deep, or calls itself without an end"
        case OverflowError() | MemoryError():
            return f"it makes too much: {error}"
    return f"{type(error).__name__}: {error}"


def _fix(error: Exception, values: Mapping[str, object]) -> str:
    undefined = _UNDEFINED.fullmatch(str(error))
    if undefined is None:
        return ""
    near = difflib.get_close_matches(undefined[1], list(values), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else f"it is given: {', '.join(sorted(values))}"
