"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path

import click

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default=True,
    help="The folder to put each node's folder in.",
)

templates_option = click.option(
    "--templates",
    type=click.Path(path_type=Path),
    help="A folder of your own templates, each laid over nodesmith's of the same folder and name. "
    "Default: what [tool.nodesmith] in pyproject.toml names.",
)
