"""Files that do not parse in their own language."""

from __future__ import annotations

import ast
import json
import tomllib
from typing import TYPE_CHECKING

from nodesmith.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nodesmith.generation.files import NodeFiles


def syntax_findings(files: NodeFiles) -> Iterator[Finding]:
    """Yield every file that does not parse."""
    for path, file in files.items():
        parse = PARSERS.get(path.rpartition(".")[2])
        if parse is None:
            continue
        try:
            parse(file.text)
        except (SyntaxError, ValueError) as error:
            line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
            yield Finding(rule="syntax", message=str(error), file=path, line=line)


def read_yaml(text: str) -> object:
    """Return the data of a YAML document; raises ValueError where it does not parse."""
    import yaml

    try:
        # libyaml's parser is ten times faster, where PyYAML was built with it.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


PARSERS: dict[str, Callable[[str], object]] = {
    "py": ast.parse,
    "yaml": read_yaml,
    "toml": tomllib.loads,
    "json": json.loads,
}
