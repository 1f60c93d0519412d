"""`nodesmith topics`: list, describe, create, grow and delete topics."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from nodesmith.cli.operating.bus import on_a_bus
from nodesmith.cli.operating.confirming import confirm
from nodesmith.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodesmith.cli.operating.topic_admin import TopicFacts

EXAMPLE = """\b
Examples:
  nodesmith topics list
  nodesmith topics create orders --partitions 8 --config retention.ms=86400000
  nodesmith topics describe orders
  nodesmith topics delete orders --dry-run"""

LIST_EXAMPLE = """\b
Examples:
  nodesmith topics list
  nodesmith topics list 'onex.evt.crm.*' --json"""

DESCRIBE_EXAMPLE = """\b
Examples:
  nodesmith topics describe onex.cmd.crm.customer-writer-requested.v1"""

CREATE_EXAMPLE = """\b
Examples:
  nodesmith topics create orders --partitions 8
  nodesmith topics create settings --config cleanup.policy=compact --if-not-exists"""

GROW_EXAMPLE = """\b
Examples:
  nodesmith topics grow orders --partitions 16"""

DELETE_EXAMPLE = """\b
Examples:
  nodesmith topics delete orders settings --dry-run
  nodesmith topics delete orders --yes"""


@click.group(
    "topics",
    help="List, describe, create, grow and delete topics, on any broker that speaks Kafka's protocol.\n\nHow the broker is "
    "reached is said by the same variables as for nodes: KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL and the others.",
    epilog=EXAMPLE,
)
def command() -> None:
    """Hold the commands."""


partitions_option = click.IntRange(min=1, max=2**31 - 1)
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@command.command(
    "list",
    help="List topics with their partitions, replicas and records.\n\nPATTERN is a name, in which * stands for anything and ? "
    "for one character. Records are counted from the first offset to the last, so that in a compacted topic there are fewer.",
    epilog=LIST_EXAMPLE,
)
@click.argument("pattern", default="")
@on_a_bus
@click.option(
    "--internal", is_flag=True, help="Also the broker's own topics, whose names begin with two underscores."
)
def list_topics(pattern: str, kafka_servers: str, as_json: bool, internal: bool) -> None:
    """Print one line each."""
    from nodesmith.cli.operating.topic_admin import is_internal, topics_of
    from nodesmith.cli.operating.topic_text import table, topic_data

    def is_wanted(name: str) -> bool:
        return fnmatchcase(name, pattern or "*") and (internal or not is_internal(name))

    with topics_of(kafka_servers) as admin:
        topics = admin.facts(is_wanted)
    if as_json:
        click.echo(json.dumps({"topics": [topic_data(topic) for topic in topics]}))
    elif topics:
        click.echo(table(topics))
    else:
        click.echo(f"no topic is called '{pattern}'" if pattern else "there are no topics", err=True)


@command.command(
    "describe",
    help="Show a topic: its partitions with their leaders and offsets, its settings that are not Kafka's defaults, and the "
    "groups that have committed offsets in it with their lag.",
    epilog=DESCRIBE_EXAMPLE,
)
@click.argument("topic")
@on_a_bus
def describe(topic: str, kafka_servers: str, as_json: bool) -> None:
    """Print everything about it."""
    from nodesmith.cli.operating.topic_admin import topics_of
    from nodesmith.cli.operating.topic_text import whole, whole_data

    with topics_of(kafka_servers) as admin:
        (facts,) = admin.known(topic)
        settings, groups = admin.settings(topic), admin.groups(facts)
    show = whole_data if as_json else whole
    found = show(facts, settings, groups.found)
    click.echo(json.dumps(found) if as_json else found)
    if groups.remark:
        click.echo(groups.remark, err=True)


@command.command(
    "create",
    help="Create a topic. What is not said is left to the broker.",
    epilog=CREATE_EXAMPLE,
)
@click.argument("topic")
@on_a_bus
@click.option("--partitions", type=partitions_option, metavar="N", help="How many partitions it gets.")
@click.option(
    "--replication",
    type=click.IntRange(min=1, max=2**15 - 1),
    metavar="N",
    help="How many brokers keep each partition.",
)
@click.option(
    "--config",
    "configs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting, by Kafka's own name; may be given several times.",
)
@click.option(
    "--if-not-exists", is_flag=True, help="Leave a topic of this name as it is, and call that done."
)
@dry_run_option
def create(
    topic: str,
    kafka_servers: str,
    as_json: bool,
    partitions: int | None,
    replication: int | None,
    configs: tuple[str, ...],
    if_not_exists: bool,
    dry_run: bool,
) -> None:
    """Create it, and say what was made."""
    from nodesmith.cli.operating.topic_admin import BROKERS_CHOICE, topics_of

    settings = read_settings(configs)
    with topics_of(kafka_servers) as admin:
        is_new = admin.create(
            topic,
            partitions=partitions or BROKERS_CHOICE,
            replication=replication or BROKERS_CHOICE,
            settings=settings,
            may_exist=if_not_exists,
            only_check=dry_run,
        )
        if is_new and dry_run:
            _tell_dry_run(f"would create {topic}", {"would_create": topic}, as_json=as_json)
            return
        (facts,) = admin.known(topic)
    _tell(facts, "was created" if is_new else "is there already", key="created", done=is_new, as_json=as_json)
    if partitions not in {None, len(facts.partitions)}:
        click.echo(f"it does not have {partitions} partitions: see `nodesmith topics grow`", err=True)


@command.command(
    "grow",
    help="Give a topic more partitions; it can never have fewer again.\n\nRecords that are there stay where they are, and from "
    "then on most keys go to another partition: until what came before is done, records of one key can be worked on out of "
    "order. So grow a topic while nothing is in it, or while nodes are idle.",
    epilog=GROW_EXAMPLE,
)
@click.argument("topic")
@on_a_bus
@click.option(
    "--partitions", type=partitions_option, required=True, metavar="N", help="How many it has then, in all."
)
@dry_run_option
def grow(topic: str, kafka_servers: str, as_json: bool, partitions: int, dry_run: bool) -> None:
    """Grow it, and say how many it has."""
    from nodesmith.cli.operating.topic_admin import topics_of

    with topics_of(kafka_servers) as admin:
        (facts,) = admin.known(topic)
        there = len(facts.partitions)
        if partitions <= there:
            raise InputError(
                f"'{topic}' has {there} partitions, and a topic never gets fewer",
                fix=f"ask for more than {there}, or make a new topic",
            )
        admin.grow(topic, partitions, only_check=dry_run)
        if dry_run:
            words = f"would give {topic} {partitions} partitions instead of {there}"
            _tell_dry_run(words, {"would_grow": topic, "partitions": partitions}, as_json=as_json)
            return
        (facts,) = admin.known(topic)
    _tell(facts, "was grown", key="grown", done=True, as_json=as_json)


@command.command(
    "delete",
    help="Delete topics with all their records; asks first.\n\nA node or client that still uses a topic may make it again at "
    "once, empty: stop it before.",
    epilog=DELETE_EXAMPLE,
)
@click.argument("topics", nargs=-1, required=True, metavar="TOPIC...")
@on_a_bus
@dry_run_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(topics: tuple[str, ...], kafka_servers: str, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Show what would go, ask, and delete it."""
    from nodesmith.cli.operating.columns import counted
    from nodesmith.cli.operating.topic_admin import is_internal, topics_of
    from nodesmith.cli.operating.topic_text import table, topic_data

    if own := [name for name in topics if is_internal(name)]:
        raise InputError(f"{', '.join(own)}: topics of the broker's own are not deleted here")
    with topics_of(kafka_servers) as admin:
        chosen = admin.known(*topics)
        if dry_run:
            words = f"{table(chosen)}\nwould delete {counted(len(chosen), 'topic')}"
            _tell_dry_run(words, {"would_delete": [topic_data(each) for each in chosen]}, as_json=as_json)
            return
        if not yes:
            _ask(chosen)
        outcome = admin.delete([topic.name for topic in chosen])
    names = [name for name, error in outcome.items() if error is None]
    errors = [error for error in outcome.values() if error is not None]
    if names and not (errors and as_json):  # of a failure, the error is the one object that is printed
        click.echo(json.dumps({"deleted": names}) if as_json else f"deleted {', '.join(names)}")
    if errors:
        raise errors[0]


def read_settings(configs: Sequence[str]) -> dict[str, str]:
    """Return settings written as NAME=VALUE; raise InputError for what is none, or is said twice."""
    settings: dict[str, str] = {}
    for config in configs:
        name, equals, value = config.partition("=")
        if not (name and equals):
            raise InputError(
                f"--config '{config}' is no setting", fix="write NAME=VALUE: --config retention.ms=86400000"
            )
        if name in settings:
            raise InputError(f"--config {name} is given twice", fix="leave one of them out")
        settings[name] = value
    return settings


def _tell(facts: TopicFacts, what: str, *, key: str, done: bool, as_json: bool) -> None:
    from nodesmith.cli.operating.topic_text import size, topic_data

    if as_json:
        click.echo(json.dumps({key: done, **topic_data(facts)}))
    else:
        click.echo(f"{facts.name} {what}: {size(len(facts.partitions), facts.replication)}")


def _tell_dry_run(words: str, data: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(data))
    else:
        click.echo(f"{words}; nothing was changed")


def _ask(chosen: Sequence[TopicFacts]) -> None:
    from nodesmith.cli.operating.columns import counted
    from nodesmith.cli.operating.topic_text import table

    click.echo(table(chosen), err=True)
    confirm(
        f"Delete {counted(len(chosen), 'topic')} with all records for good?", otherwise="nothing was deleted"
    )
