"""A team's own templates, laid over nodesmith's file by file."""

from __future__ import annotations

import difflib
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, InputError
from nodesmith.generation.declarations import read_declaration
from nodesmith.generation.rendering import TEMPLATES, Override, Templates, environment_options
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import BaseLoader

SUFFIX = ".j2"
OURS = "nodesmith"  # `{% include "nodesmith/common/model.py.j2" %}` is ours, also where the team has its own
PART = "_"  # begins the name of a team's own part, which lies over nothing and is there to be included
MAX_TEMPLATE_BYTES = 256 * 1024
MAX_ENTRIES = 1_000

_SUFFIX_MEANT = re.compile(r"(\.(j2|jinja2?|tmpl|tpl|template))*$", re.IGNORECASE)


class OverrideError(InputError):
    """The folder of templates cannot be used; what is wrong with it is in `findings`."""

    def __init__(self, message: str, *, findings: tuple[Finding, ...], fix: str) -> None:
        super().__init__(message, fix=fix)
        self.findings = findings


def overridden_templates(folder: Path) -> Templates:
    """Return nodesmith's templates with those of `folder` laid over them; all of them are rendered in a sandbox.

    Raises OverrideError with every file that lies over no template, leads out of the folder or cannot be read.
    """
    from nodesmith.generation.sandbox import SandboxedTemplates

    own = {place.relative_to(TEMPLATES).as_posix() for place in TEMPLATES.rglob(f"*{SUFFIX}")}
    overrides = _Reader(folder=folder, own=frozenset(own)).read()
    environment = SandboxedTemplates(loader=_loader(overrides), **environment_options())
    return Templates(environment, overrides=overrides, shown_folder=str(folder))


def _loader(overrides: Mapping[str, Override]) -> BaseLoader:
    from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader, PrefixLoader

    class Overrides(DictLoader):
        """Gives each template the name of its file, so that an error can name it."""

        def get_source(self, environment, template):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            text, _, is_fresh = super().get_source(environment, template)
            return text, overrides[template].file, is_fresh

    ours = FileSystemLoader(TEMPLATES)
    texts = {name: override.text for name, override in overrides.items()}
    return ChoiceLoader([Overrides(texts), ours, PrefixLoader({OURS: ours})])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads the templates of a folder once; nothing is read from it after that."""

    folder: Path
    own: frozenset[str]

    def read(self) -> dict[str, Override]:
        findings: list[Finding] = []
        found: dict[str, Override] = {}
        for place in self._files(findings):
            name = place.relative_to(self.folder).as_posix()
            problem = self._problem(place, name)
            if problem:
                findings.append(problem)
            elif place.name.endswith(SUFFIX) and (override := self._override(place, findings)):
                found[name] = override
        if not found and not findings:
            findings.append(
                self._finding(self.folder, "templates-empty", "holds no templates", self._options())
            )
        if findings:
            raise OverrideError(
                f"the templates in {self.folder} cannot be used: {len(findings)} "
                f"finding{'s' if len(findings) > 1 else ''}",
                findings=tuple(findings),
                fix="each template must lie over one of nodesmith's, by the same folder and name",
            )
        return found

    def _files(self, findings: list[Finding]) -> Iterator[Path]:
        """Yield what is in the folder, hidden files and folders left out; a link is yielded, and not gone through."""
        waiting, entries = [self.folder], 0
        while waiting:
            try:
                inside = sorted(waiting.pop().iterdir())
            except OSError as error:
                findings.append(
                    self._finding(self.folder, "templates-folder", _reason(error), "choose another")
                )
                return
            entries += len(inside)
            if entries > MAX_ENTRIES:
                message = f"holds more than {MAX_ENTRIES} files and folders"
                findings.append(
                    self._finding(
                        self.folder, "templates-folder", message, "give a folder of templates alone"
                    )
                )
                return
            for place in inside:
                if place.name.startswith(".") or place.name == "__pycache__":
                    continue
                if place.is_dir() and not place.is_symlink():
                    waiting.append(place)
                else:
                    yield place

    def _problem(self, place: Path, name: str) -> Finding | None:
        if place.is_symlink() and not self._leads_to_a_file_inside(place):
            message = "is a symbolic link that leads to no file of this folder; it is not followed"
            return self._finding(place, "templates-link", message, "put the file itself here")
        if not name.endswith(SUFFIX):
            meant = _SUFFIX_MEANT.sub("", name) + SUFFIX
            if meant not in self.own:
                return None
            return self._finding(place, "unknown-template", "is no template by its name", f"call it {meant}")
        if name in self.own and name.startswith("event_bus/") and self._makes_no_file(name):
            message = "is a block of Stage 4.5, which every node on the bus has in the same words"
            fix = "leave it out: put code of your own into <archetype>/node.py.j2, handler.py.j2 or event_bus/start_node.py.j2"
            return self._finding(place, "fixed-template", message, fix)
        if name in self.own or place.name.startswith(PART):
            return None
        message = f"lies over no template of nodesmith's: there is no {name}"
        return self._finding(place, "unknown-template", message, self._near(name))

    def _leads_to_a_file_inside(self, place: Path) -> bool:
        try:
            return place.is_file() and place.resolve().is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError):  # a link that leads to itself
            return False

    def _makes_no_file(self, name: str) -> bool:
        return read_declaration((TEMPLATES / name).read_text(encoding="utf-8"), template=name) is None

    def _override(self, place: Path, findings: list[Finding]) -> Override | None:
        try:
            data = _read(place)
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            findings.append(
                self._finding(place, "encoding", "is not UTF-8 text", "save it as UTF-8", line=line)
            )
            return None
        except OSError as error:
            findings.append(self._finding(place, "unreadable", _reason(error), "check its permissions"))
            return None
        if len(data) > MAX_TEMPLATE_BYTES:
            message = f"is larger than {MAX_TEMPLATE_BYTES // 1024} KiB"
            findings.append(
                self._finding(place, "too-large", message, "split it into parts that it includes")
            )
            return None
        return self._declared(Override(file=str(place), text=text), findings)

    def _declared(self, override: Override, findings: list[Finding]) -> Override | None:
        try:
            read_declaration(override.text, template=override.file)
        except InputError as error:
            message = error.message.removeprefix(f"{override.file}:1: ")
            findings.append(self._finding(Path(override.file), "declaration", message, error.fix, line=1))
            return None
        return override

    def _near(self, name: str) -> str:
        same_file = [one for one in sorted(self.own) if Path(one).name == Path(name).name]
        close = same_file or difflib.get_close_matches(name, sorted(self.own), n=3, cutoff=0.6)
        if close:
            return f"did you mean {' or '.join(close[:5])}? A part of your own that others include begins with '{PART}'"
        return self._options()

    def _options(self) -> str:
        folders = ", ".join(sorted({one.partition("/")[0] for one in self.own}))
        return (
            f"lay a file over one of nodesmith's templates, in the folders {folders}; {TEMPLATES} holds them"
        )

    def _finding(self, place: Path, rule: str, message: str, fix: str, *, line: int = 0) -> Finding:
        return Finding(rule=rule, message=message, fix=fix, file=str(place), line=line)


def _read(place: Path) -> bytes:
    if not stat.S_ISREG(place.stat().st_mode):  # to open a pipe would be to wait for somebody to write to it
        raise OSError("it is no regular file")
    with place.open("rb") as stream:
        return stream.read(MAX_TEMPLATE_BYTES + 1)


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
