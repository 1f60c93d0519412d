"""`nodesmith integrate`: put a node somebody wrote by hand on the event bus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodesmith.cli.options import templates_option
from nodesmith.errors import ExitCode

if TYPE_CHECKING:
    from nodesmith.generation.event_bus_adoption import Adoption

EXAMPLE = """\b
Examples:
  nodesmith integrate mailer/node.py --diff
  nodesmith integrate mailer/node.py
  nodesmith integrate mailer/node.py --class Mailer --archetype effect --domain crm"""


@click.command(
    "integrate",
    help="Put the node in NODE, a Python file written by hand, on the event bus.\n\nIts class gets what generated nodes have: "
    "it takes commands, announces itself, serves health, and drains when it is stopped; start_node.py beside it starts it. "
    "Its operations are its public methods that take one pydantic model and return one. The rest of the file stays as it "
    "is, and a second run changes nothing. What cannot be done safely is refused, and then nothing is written.",
    epilog=EXAMPLE,
)
@click.argument("node", metavar="NODE", type=click.Path(path_type=Path))
@click.option(
    "--class", "class_name", metavar="NAME", default="", help="The node's class, where there are several."
)
@click.option(
    "--name",
    metavar="NAME",
    default="",
    help="What the node is called, in snake_case. Default: as its class.",
)
@click.option("--domain", metavar="NAME", default="", help="The domain it belongs to. Default: none.")
@click.option(
    "--archetype",
    type=click.Choice(["effect", "compute", "reducer", "orchestrator"]),
    default=None,
    help="What kind of node it is. Default: what its class's name ends in.",
)
@click.option("--diff", is_flag=True, help="Print what would change as a patch, and write nothing.")
@templates_option
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
def command(
    node: Path,
    class_name: str,
    name: str,
    domain: str,
    archetype: str | None,
    diff: bool,
    templates: Path | None,
    as_json: bool,
) -> int:
    """Plan, show or write, and return the exit status."""
    from nodesmith.cli.configuration import templates_in_use
    from nodesmith.cli.diffs import plan_diff
    from nodesmith.generation.event_bus.facts import Wishes
    from nodesmith.generation.event_bus_adoption import adopt, plan_adoption
    from nodesmith.generation.rendering import packaged_templates

    path = node / "node.py" if node.is_dir() else node
    wishes = Wishes(class_name=class_name, name=name, domain=domain, archetype=archetype or "")
    adoption = plan_adoption(path, wishes, templates_in_use(templates) or packaged_templates())
    if not diff:
        adopt(adoption)
    patch = plan_diff(adoption.plan)
    if as_json:
        document = _document(adoption, written=not diff)
        shown = {"diff": patch.decode("utf-8", "backslashreplace")} if diff else {}
        click.echo(json.dumps({**document, **shown}, ensure_ascii=False))
    elif diff:
        click.echo(patch, nl=False)
    else:
        _print_outcome(adoption)
    if not as_json:
        _print_facts(adoption)
    return int(ExitCode.DONE)


def _document(adoption: Adoption, *, written: bool) -> dict[str, object]:
    facts = adoption.facts
    return {
        "folder": str(adoption.folder),
        "class": adoption.class_name,
        "written": written and adoption.is_needed,
        "files": [{"path": change.path, "action": change.action} for _, change in adoption.plan],
        "node": {
            "name": facts.name,
            "domain": facts.domain,
            "archetype": facts.archetype,
            "version": ".".join(map(str, facts.version)) if facts.version else None,
        },
        "origins": dict(facts.origins),
        "operations": list(adoption.operations),
    }


def _print_outcome(adoption: Adoption) -> None:
    if not adoption.is_needed:
        click.echo(f"{adoption.class_name} is on the event bus already; nothing was changed")
    for _, change in adoption.plan:
        click.echo(f"{change.action:<9}  {change.path}" + _told(change.action))


def _told(action: str) -> str:
    return " (it is there, and was edited)" if action == "keep" else ""


def _print_facts(adoption: Adoption) -> None:
    """Tell on standard error what nobody has said, so that a wrong guess is seen."""
    facts = adoption.facts
    version = ".".join(map(str, facts.version)) if facts.version else ""
    shown = {"name": facts.name, "domain": facts.domain or "none", "archetype": facts.archetype}
    for key, value in (shown | {"version": version}).items():
        if key in facts.origins:
            click.echo(f"  {key} {value} ({facts.origins[key]})", err=True)
    if facts.is_stated:
        return
    if adoption.operations:
        click.echo(
            f"  operations, if they take and return models: {', '.join(adoption.operations)}", err=True
        )
    else:
        click.echo(
            f"warning: {adoption.class_name} has no operation yet and will not start before it has one\n"
            "  fix: write a public method like `async def greet(self, request: ModelIn) -> ModelOut`",
            err=True,
        )
