"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def with_all(function: F, *options: Callable[[F], F]) -> F:
    """Add options and arguments to a command's function, listed in its help in the order they are given in."""
    for option in reversed(options):
        function = option(function)
    return function


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default=True,
    help="The folder to put each node's folder in.",
)

conflict_option = click.option(
    "--conflict",
    type=click.Choice(["markers", "ours", "theirs", "reject"]),
    help="Where you and the spec changed the same lines: write both between markers, keep yours, take nodesmith's, or keep "
    "yours and put nodesmith's file beside it as .rej.",
)

templates_option = click.option(
    "--templates",
    type=click.Path(path_type=Path),
    help="A folder of your own templates, each laid over nodesmith's of the same folder and name. "
    "Default: what [tool.nodesmith] in pyproject.toml names.",
)
