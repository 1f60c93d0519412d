"""`nodesmith new`: make a node from one sentence."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from nodesmith.cli.options import output_option, templates_option
from nodesmith.errors import SentenceError

if TYPE_CHECKING:
    from pathlib import Path

    from nodesmith.generation.rendering import Templates
    from nodesmith.spec.model import SystemSpec
    from nodesmith.spec.sentence import Understanding

EXAMPLE = """\b
Examples:
  nodesmith new "An effect called customer_writer that writes customers to PostgreSQL" -o nodes
  nodesmith new --print "Counts orders per customer; name it OrderStats, sales domain"
  nodesmith new - < ticket.txt"""


class SentenceCommand(click.Command):
    """A command whose sentence may begin with a hyphen, as a list does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the first such argument apart, so that it is not read as an option; a mistyped option has no spaces."""
        at = next((i for i, argument in enumerate(args) if self._is_sentence(ctx, args[:i], argument)), None)
        if at is not None:
            args = [*args[:at], *args[at + 1 :], "--", args[at]]
        return super().parse_args(ctx, args)

    def _is_sentence(self, ctx: click.Context, before: list[str], argument: str) -> bool:
        if "--" in before or not argument.startswith("-") or not any(map(str.isspace, argument)):
            return False
        options = [option for option in self.get_params(ctx) if isinstance(option, click.Option)]
        names = {name for option in options for name in option.opts}
        takes = {name for option in options if not option.is_flag for name in option.opts}
        written, assigned, _ = argument.split(maxsplit=1)[0].partition("=")
        attached = any(written.startswith(name) for name in takes if not name.startswith("--"))
        option = written in names or attached or (assigned and written.startswith("--"))
        return not option and not (before and before[-1] in takes)


@click.command(
    "new",
    cls=SentenceCommand,
    help="Make a node from SENTENCE, which says what the node is called and what it does. With - the sentence is read "
    "from standard input.\n\nWhat was understood, and what was assumed where the sentence does not tell, goes to standard "
    "error. A sentence that says too little is refused.",
    epilog=EXAMPLE,
)
@click.argument("sentence", metavar="SENTENCE")
@output_option
@templates_option
@click.option("--name", help="The node's name in snake_case, whatever the sentence says.")
@click.option("--archetype", help="effect, compute, reducer or orchestrator, whatever the sentence says.")
@click.option("--domain", help="The node's domain in snake_case, whatever the sentence says.")
@click.option("--print", "only_print", is_flag=True, help="Print the spec as YAML and write nothing.")
@click.option("--verify", is_flag=True, help="Then import, type-check, test, start and stop the node.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def command(
    sentence: str,
    *,
    output: Path,
    templates: Path | None,
    name: str | None,
    archetype: str | None,
    domain: str | None,
    only_print: bool,
    verify: bool,
    as_json: bool,
) -> int:
    """Understand the sentence, show what was understood, and generate the node."""
    from nodesmith.spec.sentence import understand

    def parse() -> Understanding:
        text = _standard_input() if sentence == "-" else sentence
        return understand(text, name=name, archetype=archetype, domain=domain)

    if only_print:
        return _print(parse(), as_json=as_json)
    from nodesmith.cli.configuration import templates_in_use

    in_use = templates_in_use(templates)
    return _generate(parse(), output=output, templates=in_use, verify=verify, as_json=as_json)


def _standard_input() -> str:
    from nodesmith.spec.sentence.text import MAX_INPUT_CHARACTERS

    # A character takes up to four bytes; one byte more tells that there is too much.
    data = sys.stdin.buffer.read(4 * MAX_INPUT_CHARACTERS + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SentenceError("standard input is not UTF-8 text", fix="give the sentence in UTF-8") from None


def _print(understood: Understanding, *, as_json: bool) -> int:
    from nodesmith.spec.writing import to_yaml

    _check(understood)
    if as_json:
        click.echo(json.dumps(as_data(understood), ensure_ascii=False))
        return 0
    click.echo(to_yaml(understood.document), nl=False)
    _show_assumed(understood)
    return 0


def as_data(understood: Understanding) -> dict[str, object]:
    """Return what was understood as plain data; `domain` is always there, empty where there is none."""
    document = understood.document
    spec = {"node": understood.archetype, "name": understood.name, "domain": understood.domain}
    return {"spec": {**spec, **document}, "assumed": list(understood.assumed)}


def _check(understood: Understanding) -> SystemSpec:
    from nodesmith.spec.loading import load_node_document
    from nodesmith.spec.model import SystemSpec

    return SystemSpec(nodes=(load_node_document(understood.document, source="the sentence"),))


def _generate(
    understood: Understanding, *, output: Path, templates: Templates | None, verify: bool, as_json: bool
) -> int:
    from nodesmith.cli.progress import Asked, run_pipeline
    from nodesmith.spec.writing import to_yaml

    click.echo("understood:", err=True)
    click.echo(
        "".join(f"  {line}" for line in to_yaml(understood.document).splitlines(keepends=True)),
        err=True,
        nl=False,
    )
    _show_assumed(understood)
    asked = Asked(verify=verify, as_json=as_json)
    return run_pipeline(
        lambda: _check(understood), target=output, asked=asked, templates=templates, told=as_data(understood)
    )


def _show_assumed(understood: Understanding) -> None:
    if understood.assumed:
        click.echo("assumed:", err=True)
    for assumption in understood.assumed:
        click.echo(f"  - {assumption}", err=True)
