"""`nodesmith schema`: print the JSON Schema of spec files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nodesmith.errors import InputError

EXAMPLE = """\b
Example:
  nodesmith schema -o node.schema.json"""


@click.command(short_help="Print the JSON Schema of spec files.", epilog=EXAMPLE)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to FILE instead of standard output.",
)
def command(output: Path | None) -> None:
    """Print the JSON Schema (2020-12) of a spec file, for editors that complete and check YAML.

    With the YAML language server, put `# yaml-language-server: $schema=FILE` in the first line of a spec.
    """
    from nodesmith.spec.schema import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{output} cannot be written: {error.strerror}"
        raise InputError(message, fix="choose another file") from None
