"""What `[tool.nodesmith]` in a `pyproject.toml` says, and which templates are in use."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, InputError

if TYPE_CHECKING:
    from nodesmith.generation.rendering import Templates

FILE = "pyproject.toml"
KEYS = ("templates",)
MAX_BYTES = 1024 * 1024

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class ConfigurationError(InputError):
    """A `pyproject.toml` cannot be used; what is wrong with it is in `findings`."""

    def __init__(self, finding: Finding) -> None:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        super().__init__(f"{place}: {finding.message}", fix=finding.fix)
        self.findings = (finding,)


def templates_in_use(given: Path | None) -> Templates | None:
    """Return a team's templates: those in the folder that was `given`, or else that the configuration names.

    None where there are neither, and nodesmith's own are in use.
    """
    folder = given or configured_templates(Path.cwd())
    if folder is None:
        return None
    from nodesmith.generation.overrides import overridden_templates

    return overridden_templates(folder)


def told_of(templates: Templates | None) -> dict[str, object]:
    """Return what `--json` says of a team's templates."""
    if templates is None:
        return {}
    return {"templates": {"folder": templates.shown_folder, "overridden": sorted(templates.overrides)}}


def configured_templates(folder: Path) -> Path | None:
    """Return the folder that the nearest `[tool.nodesmith]`, at or above `folder`, names for templates.

    A `pyproject.toml` that says nothing of nodesmith is passed over, as other tools do it. Raises ConfigurationError.
    """
    for above in (folder, *folder.parents):
        file = above / FILE
        data = _read(file)
        # Most say nothing of it; to parse those would cost time, and their faults are not our business.
        if b"nodesmith" in data and (table := _table(file, data)) is not None:
            return _templates(file, table, data)
    return None


def _read(file: Path) -> bytes:
    try:
        if not file.is_file():
            return b""
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise _refused(file, "unreadable", message, "check its permissions, or give --templates") from None


def _table(file: Path, data: bytes) -> dict[str, object] | None:
    import tomllib

    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _refused(file, "encoding", "is not UTF-8 text", "save it as UTF-8", line=line) from None
    except (ValueError, RecursionError) as error:
        raise _broken(file, str(error), data) from None
    tool = document.get("tool")
    table = tool.get("nodesmith") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        message = "'tool.nodesmith' is no table"
        raise _refused(
            file, "wrong-type", message, 'write [tool.nodesmith] and, below it, templates = "path"'
        )
    return table


def _templates(file: Path, table: dict[str, object], data: bytes) -> Path | None:
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.6)
            fix = f"did you mean '{near[0]}'?" if near else f"use one of: {', '.join(KEYS)}"
            message = f"[tool.nodesmith] has no key '{key}'"
            raise _refused(file, "unknown-key", message, fix, line=_line_of(key, data))
    if "templates" not in table:
        return None
    value = table["templates"]
    if not isinstance(value, str) or not value or "\0" in value:
        message, fix = "'templates' is no path", 'write the folder as text: templates = "path"'
        raise _refused(file, "wrong-type", message, fix, line=_line_of("templates", data))
    return file.parent / value


def _line_of(key: str, data: bytes) -> int:
    """Return the line of a key in our table, as far as it can be told without a parser that knows of lines."""
    lines = data.decode("utf-8").splitlines()
    start = next(
        (n for n, line in enumerate(lines) if line.replace(" ", "").startswith("[tool.nodesmith]")), 0
    )
    wanted = re.compile(rf"(?:tool\.nodesmith\.)?[\"']?{re.escape(key)}[\"']?\s*=")
    return next((n + 1 for n, line in enumerate(lines) if n >= start and wanted.match(line.strip())), 0)


def _broken(file: Path, reason: str, data: bytes) -> ConfigurationError:
    position = _POSITION.search(reason)
    line, column = (int(number or 0) for number in position.groups()) if position else (0, 0)
    message = f"this is no TOML: {_POSITION.sub('', reason)}"
    line = line or len(data.splitlines())
    return _refused(file, "toml-syntax", message, "mend it, or give --templates", line=line, column=column)


def _refused(
    file: Path, rule: str, message: str, fix: str, *, line: int = 0, column: int = 0
) -> ConfigurationError:
    return ConfigurationError(
        Finding(rule=rule, message=message, fix=fix, file=str(file), line=line, column=column)
    )
