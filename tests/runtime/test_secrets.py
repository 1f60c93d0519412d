"""No secret is shown, whether it opens the door or not: by what nodes say, serve, publish and keep, and by commands."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import urllib.parse
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition
from support.nodes import running_node
from support.postgresql import running_postgresql
from support.waiting import wait_until
from support.wire import command, reading, send

from nodesmith.cli.operating.bus import check_servers
from nodesmith.errors import InputError
from nodesmith.generation.pipeline import run
from nodesmith.naming import HEARTBEAT_TOPIC, INTROSPECTION_TOPIC
from nodesmith.runtime.addresses import read_address
from nodesmith.runtime.client import common_settings
from nodesmith.runtime.settings import NodeSettings
from nodesmith.spec.loading import load_system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from confluent_kafka import Message
    from support.kafka_secure import SecureKafka
    from support.nodes import RunningNode

SPEC = """\
system: guarded
nodes:
  - node: effect
    name: vault
    domain: guarded
    description: Puts things away.
    adapter: postgresql
    operations:
      put: {input: {name: str}, output: {name: str}}
  - node: reducer
    name: ledger
    domain: guarded
    description: Counts.
    event_bus: true
    state: {key: name, fields: {name: str, count: {type: int, default: 0}}}
    events:
      counted: {from: vault.put, fields: {name: str}}
"""
# One that tells whoever asks what its database's client says.
PUT = """\
import os

from nodesmith.runtime import TemporaryError
from psycopg import AsyncConnection, OperationalError


class HandlerPut:
    def __init__(self, resources):
        pass

    async def handle(self, request):
        try:
            await AsyncConnection.connect(os.environ["DATABASE_URL"])
        except OperationalError as error:
            raise TemporaryError(f"PostgreSQL: {error}", dependency="postgresql") from error
"""
COUNTED = """\
class HandlerCounted:
    def handle(self, state, event):
        return state.model_copy(update={"count": state.count + 1}), []
"""
VAULT, LEDGER = "node_guarded_vault_effect", "node_guarded_ledger_reducer"
USER = "guard"
IN = "sesame-lets-in-%s-7RqX"
OUT = "sesame-is-wrong-for-%s-9LwK"


class Door:
    """A bus and a database that ask for secrets, and every secret that was made for them: texts that are nowhere else."""

    def __init__(self, folder: Path, kafka: SecureKafka, database: str) -> None:
        self.kafka = kafka
        self._secrets: set[str] = set()
        self._folder = folder
        self._database = database
        self._pair = kafka.authority.issue(USER, password=self.secret(IN % "key"))

    def secret(self, text: str) -> str:
        self._secrets.add(text)
        return text

    def file(self, name: str, secret: str) -> str:
        """Return a file with a secret."""
        path = self._folder / name
        path.write_text(self.secret(secret))
        return str(path)

    def url(self, password: str) -> str:
        """Return where the database is, with a password in it."""
        return f"postgresql://{USER}:{self.secret(password)}@{self._database}"

    def settings(self, **passwords: str) -> dict[str, str]:
        """Return what a node is told: where the bus is, who it is there, and with which passwords."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.at("TLS"),
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SSL_CA_LOCATION": str(self.kafka.authority.file),
            "KAFKA_SSL_CERTIFICATE_LOCATION": str(self._pair.certificate),
            "KAFKA_SSL_KEY_LOCATION": str(self._pair.key),
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={self.secret(OUT % 'telemetry')}",
            "LOG_LEVEL": "DEBUG",
            "RETRY_ATTEMPTS": "1",
            **passwords,
        }

    def shown(self, found: Mapping[str, bytes]) -> list[str]:
        """Return each secret that is shown, in any form that it may have, and where."""
        assert all(found.values()), f"nothing to look at: {[where for where in found if not found[where]]}"
        return [
            f"{secret} in {where}"
            for where, data in found.items()
            for secret in sorted(self._secrets)
            if any(form in data for form in forms(secret))
        ]


def forms(secret: str) -> Iterator[bytes]:
    yield secret.encode()
    yield urllib.parse.quote(secret, safe="").encode()
    for before in (b"", b"\0", b"\0\0"):  # behind anything else, as in a header of a user and a password
        yield base64.b64encode(before + secret.encode())[4:-4]


class Nodes:
    """Runs the nodes of a system, and looks at all that can be seen of them."""

    def __init__(self, system: Path, folder: Path, stack: ExitStack) -> None:
        self._system, self._folder, self._stack = system, folder, stack
        self._running: dict[str, RunningNode] = {}

    def start(self, name: str, environment: Mapping[str, str]) -> RunningNode:
        (self._folder / name).mkdir()
        log = self._folder / name / "log"
        node = running_node(self._system / name / "v1_0_0/start_node.py", log, environment=environment)
        self._running[name] = self._stack.enter_context(node)
        return self._running[name]

    def seen(self) -> dict[str, bytes]:
        seen: dict[str, bytes] = {}
        for name, node in self._running.items():
            pages = {path: node.get(path)[1] for path in ("/health/live", "/health/ready", "/metrics")}
            own = {**pages, "arguments": f"{psutil.Process(node.process.pid).cmdline()}", "log": node.output}
            seen |= {f"{name} {what}": text.encode() for what, text in own.items()}
            files = [file for file in (self._folder / name / "data").rglob("*") if file.is_file()]
            seen |= {str(file): data for file in files if (data := file.read_bytes())}
        return seen


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an effect and a reducer that were generated, and whose handlers somebody has written."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "system.yaml").write_text(SPEC)
    run(load_system(folder / "system.yaml"), folder, verify=False, report=lambda _event: None)
    (folder / VAULT / "v1_0_0/handlers/handler_put.py").write_text(PUT)
    (folder / LEDGER / "v1_0_0/handlers/handler_counted.py").write_text(COUNTED)
    return folder


@pytest.fixture(scope="module")
def door(secure_kafka: SecureKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with running_postgresql() as postgresql:
        address = postgresql.ask_for_password(USER, IN % "database")
        secure_kafka.set_password(USER, IN % "bus")
        yield Door(tmp_path_factory.mktemp("secrets"), secure_kafka, address)


@pytest.fixture
def nodes(system: Path, tmp_path: Path) -> Iterator[Nodes]:
    with ExitStack() as stack:
        yield Nodes(system, tmp_path, stack)


def test_nodes_that_are_let_in_show_no_secret(door: Door, nodes: Nodes) -> None:
    passwords = {
        "KAFKA_SASL_PASSWORD": door.secret(IN % "bus"),
        "KAFKA_SSL_KEY_PASSWORD": IN % "key",
        "NODESMITH_ANSWERS_URL": door.url(IN % "database"),
        "DATABASE_URL": door.url(OUT % "dsn"),
        "LOG_FORMAT": "json",
        "KAFKA_CLIENT_DEBUG": "conf,security,broker",
    }
    from_files = {
        "KAFKA_SASL_PASSWORD_FILE": door.file("bus", IN % "bus"),
        "KAFKA_SSL_KEY_PASSWORD_FILE": door.file("key", IN % "key"),
        "NODESMITH_STATE_URL": door.url(IN % "database"),
    }
    for node in [
        nodes.start(VAULT, door.settings(**passwords)),
        nodes.start(LEDGER, door.settings(**from_files)),
    ]:
        node.wait_ready(seconds=60)

    failed = answer(door.kafka, "guarded.vault.put", on="onex.evt.guarded.vault-failed.v1")
    counted = answer(door.kafka, "guarded.ledger.counted", on="onex.evt.guarded.ledger-completed.v1")

    assert "password authentication failed" in str(failed["message"])
    assert counted["count"] == 1
    assert door.shown({**nodes.seen(), **records(door.kafka)}) == []


def test_nodes_and_commands_that_are_refused_show_no_secret(door: Door, nodes: Nodes, system: Path) -> None:
    passwords = {
        "KAFKA_SASL_PASSWORD": door.secret(OUT % "bus"),
        "KAFKA_SSL_KEY_PASSWORD": IN % "key",
        "NODESMITH_STATE_URL": door.url(OUT % "state"),
        "LOG_FORMAT": "json",
        "KAFKA_CLIENT_DEBUG": "conf,security,broker",
    }
    from_files = {
        "KAFKA_SASL_PASSWORD_FILE": door.file("wrong", OUT % "file"),
        "KAFKA_SSL_KEY_PASSWORD_FILE": door.file("key", IN % "key"),
        "NODESMITH_ANSWERS_URL": door.url(OUT % "answers"),
        "DATABASE_URL": door.url(OUT % "dsn"),
    }
    commands = started_commands(system, {**os.environ, **door.settings(**passwords)})
    for node in [
        nodes.start(VAULT, door.settings(**from_files)),
        nodes.start(LEDGER, door.settings(**passwords)),
    ]:
        wait_until_refused(node)
    said = {name: process.communicate(timeout=90)[0] for name, process in commands.items()}

    assert {name: process.returncode for name, process in commands.items()} == {
        **dict.fromkeys(commands, 5),
        "help": 0,
    }
    assert door.shown({**nodes.seen(), **said}) == []


def wait_until_refused(node: RunningNode) -> None:
    """Return when a node says that neither the bus nor the database lets it in."""
    words = (f"refuses the user '{USER}'", f'password authentication failed for user "{USER}"')

    def says_so() -> bool:
        reasons = "; ".join(node.readiness()["reasons"])
        return all(each in reasons for each in words)

    wait_until(says_so, seconds=60, why=f"{words} in the reasons")


def started_commands(system: Path, environment: Mapping[str, str]) -> dict[str, subprocess.Popen[bytes]]:
    """Start the commands that go onto the bus or into the state, and the help of a node."""
    nodesmith = [sys.executable, "-m", "nodesmith"]
    commands = {
        "tail": [*nodesmith, "tail", "--no-follow"],
        "dlq list": [*nodesmith, "dlq", "list", "guarded/vault"],
        "call": [*nodesmith, "call", "vault.put", "name=a"],
        "state show": [*nodesmith, "state", "show", str(system / LEDGER)],
        "help": [sys.executable, str(system / LEDGER / "v1_0_0/start_node.py"), "--help"],
    }
    return {
        name: subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name, words in commands.items()
    }


def answer(kafka: SecureKafka, event_type: str, *, on: str) -> dict[str, object]:
    """Send a node a command, and return what it answers."""
    domain, node, _ = event_type.split(".")
    send(kafka.at("PLAIN"), f"onex.cmd.{domain}.{node}-requested.v1", command(event_type, {"name": "a"}))
    with reading(kafka.at("PLAIN"), on) as topic:
        return topic.wait_for_count(1, seconds=60)[0].payload


def records(kafka: SecureKafka) -> dict[str, bytes]:
    """Return every record of the nodes, by its place: key, value and headers, byte for byte."""
    consumer = Consumer(
        {"bootstrap.servers": kafka.at("PLAIN"), "group.id": f"{uuid.uuid4()}", "log_level": 2}
    )
    try:
        topics = consumer.list_topics(timeout=5).topics
        common = (INTROSPECTION_TOPIC, HEARTBEAT_TOPIC)
        names = [name for name in topics if ".guarded." in name or name in common]
        places = [TopicPartition(name, number, 0) for name in names for number in topics[name].partitions]
        count = sum(consumer.get_watermark_offsets(place, timeout=5)[1] for place in places)
        consumer.assign(places)
        messages: list[Message] = []
        while len(messages) < count:
            messages += consumer.consume(count - len(messages), 0.1)
        found = {
            f"{each.topic()} {each.partition()}:{each.offset()}": repr(
                (each.key(), each.value(), each.headers())
            )
            for each in messages
        }
        assert {INTROSPECTION_TOPIC, "onex.dlq.guarded.vault.v1"} <= {place.split()[0] for place in found}
        return {place: text.encode() for place, text in found.items()}
    finally:
        consumer.close()


@pytest.mark.parametrize("name", ["NODESMITH_ANSWERS_URL", "NODESMITH_STATE_URL"])
def test_settings_do_not_show_a_password_that_is_in_an_address(name: str) -> None:
    settings = NodeSettings.from_environment({name: "postgresql://me:sesame@127.0.0.1/d?sslmode=require"})
    assert "sesame" not in repr(settings)
    assert "sesame" in settings.answers_url + settings.state_url


# Clients take these apart in ways that make a piece of the password a host, a port, a parameter or part of a message.
@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:open@sesame@127.0.0.1:1/d",
        "postgresql://me:open/sesame@127.0.0.1:1/d",
        "postgresql://me:open?sesame@127.0.0.1:1/d",
        "postgresql://me:open#sesame@127.0.0.1:1/d",
        "postgresql://me:12/sesame@127.0.0.1:1/d",
        "postgresql://me:12?sesame@127.0.0.1:1/d",
        "postgresql://me:open%sesame@127.0.0.1:1/d",
        "postgresql://me:open%00sesame@127.0.0.1:1/d",
        "postgresql://:sesame",
        "postgresql://me@127.0.0.1:1/d?password=open&sesame",
        "host=127.0.0.1 password=open sesame",
        "host=127.0.0.1 password='open sesame",
    ],
)
@pytest.mark.parametrize("name", ["NODESMITH_STATE_URL", "DATABASE_URL"])
def test_an_address_that_would_be_misread_is_refused_without_being_shown(name: str, address: str) -> None:
    with pytest.raises(InputError) as refused:
        read_address(name, environment={name: address})
    assert refused.value.message == f"{name} cannot be read as an address"
    assert "sesame" not in refused.value.fix


@pytest.mark.parametrize(
    "address",
    [
        "",
        "postgresql:///d?host=/run/postgresql&sslmode=require",
        "postgresql://me:open%40sesame:1+2@[::1]:5432,db.example:5433/d",
        "host=127.0.0.1 port = 5432 password='open \\' sesame' dbname=d",
        "rediss://:sesame@redis.example:6380/0?socket_timeout=5",
        "unix:///run/redis.sock?db=1",
        "https://me:sesame@api.example/v1/",
    ],
)
def test_addresses_are_taken_as_their_clients_write_them(address: str) -> None:
    assert read_address("ADDRESS", environment={"ADDRESS": address}) == address


def to_a_client(servers: str) -> None:
    common_settings(bootstrap_servers=servers, source="me", extra=None)


@pytest.mark.parametrize("take", [to_a_client, check_servers])
def test_a_password_before_a_broker_is_refused_without_being_shown(take: Callable[[str], object]) -> None:
    with pytest.raises(InputError, match="has an '@' in it") as refused:
        take("SASL_SSL://alice:open,sesame@127.0.0.1:9092")
    assert "sesame" not in f"{refused.value.message} {refused.value.fix}"
