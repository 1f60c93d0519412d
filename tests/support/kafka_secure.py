"""A real Apache Kafka that asks for TLS, certificates, users and permissions, each on a listener of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from support.certificates import Authority
from support.kafka_distribution import NoKafkaError, kafka
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = "alice"
PASSWORD = "the-password-of-alice-7RqX"  # not one anybody would write by chance: tests look for it
START_SECONDS = 60.0
STOP_SECONDS = 20.0
LISTENERS = ("PLAIN", "TLS", "MUTUAL", "USERS", "WORDS", "OPEN", "STRANGE", "FOREIGN")
PROTOCOLS = (
    "PLAIN:PLAINTEXT,TLS:SASL_SSL,MUTUAL:SSL,USERS:SASL_PLAINTEXT,WORDS:SASL_PLAINTEXT,OPEN:SSL,STRANGE:SASL_SSL,"
    "FOREIGN:SASL_SSL,CONTROLLER:PLAINTEXT"
)
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
Rule = tuple[str, AclOperation, ResourceType, str]
_RESOURCES = ((ResourceType.TOPIC, "*"), (ResourceType.GROUP, "*"), (ResourceType.BROKER, "kafka-cluster"))
_OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecureKafka:
    """Kafka with a user `alice`; who comes over the listener PLAIN may do everything, others what no rule denies."""

    ports: dict[str, int]
    authority: Authority
    folder: Path

    def at(self, listener: str, host: str = "127.0.0.1") -> str:
        """Return the address of a listener.

        TLS has users over TLS, MUTUAL asks for certificates, OPEN is TLS alone; USERS and WORDS have users without TLS,
        WORDS none but those with PLAIN passwords; PLAIN has nothing. STRANGE is as TLS is, with a certificate for
        another host name, and FOREIGN with one of another authority.
        """
        return f"{host}:{self.ports[listener]}"

    def admin(self) -> AdminClient:
        """Return a client that may do everything."""
        return AdminClient({"bootstrap.servers": self.at("PLAIN"), "log_level": 2})

    def set_password(self, user: str, password: str) -> None:
        """Make a user, or give one another password."""
        changes = [
            UserScramCredentialUpsertion(user, ScramCredentialInfo(mechanism, 4096), password.encode())
            for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)
        ]
        admin = self.admin()
        for change in changes:  # one a request: Kafka takes no user twice in one
            for done in admin.alter_user_scram_credentials([change]).values():
                done.result(10)

    @contextmanager
    def denied(self, user: str, operation: AclOperation, resource: ResourceType, name: str) -> Iterator[None]:
        """Deny a user an operation on a topic or a group as long as this lasts."""
        rule = (resource, name, operation, AclPermissionType.DENY, f"User:{user}")
        self._make([_rule(AclBinding, *rule)])
        try:
            yield
        finally:
            self._delete(_rule(AclBindingFilter, *rule))

    def allow(self, *rules: Rule) -> None:
        """Allow a user an operation on a topic or a group, each."""
        bindings = [
            _rule(AclBinding, resource, name, operation, AclPermissionType.ALLOW, f"User:{user}")
            for user, operation, resource, name in rules
        ]
        self._make(bindings)

    def allow_everything(self) -> None:
        """Allow everybody everything, of which `denied` then takes something away."""
        self.allow(*(("*", AclOperation.ALL, resource, name) for resource, name in _RESOURCES))

    @contextmanager
    def nothing_allowed(self) -> Iterator[None]:
        """Allow nobody anything that is not allowed by a rule, as long as this lasts; rules made meanwhile go with it."""
        everything = _rule(
            AclBindingFilter, ResourceType.ANY, None, AclOperation.ANY, AclPermissionType.ANY, None
        )
        self._delete(everything)
        try:
            yield
        finally:
            self._delete(everything)
            self.allow_everything()

    def _make(self, rules: list[AclBinding]) -> None:
        admin = self.admin()  # held until it has answered
        for made in admin.create_acls(rules).values():
            made.result(10)

    def _delete(self, rules: AclBindingFilter) -> None:
        admin = self.admin()
        for gone in admin.delete_acls([rules]).values():
            gone.result(10)


def _rule(
    kind: Any, resource: Any, name: str | None, operation: Any, permission: Any, principal: str | None
) -> Any:
    return kind(resource, name, ResourcePatternType.LITERAL, principal, "*", operation, permission)


@contextmanager
def running_secure_kafka(folder: Path) -> Iterator[SecureKafka]:
    """Run it in `folder`, and stop it at the end; where Kafka cannot be had, the test is skipped, and says so."""
    try:
        installed = kafka()
    except NoKafkaError as reason:
        pytest.skip(f"NOT TESTED ON APACHE KAFKA: {reason}")
    authority = Authority(folder / "certificates")
    ports = {name: free_port() for name in (*LISTENERS, "CONTROLLER")}
    settings, log = folder / "server.properties", folder / "kafka.log"
    settings.write_text(_settings(authority, ports, log_dir=folder / "log"))
    shutil.copytree(installed.formatted, folder / "log")
    command = [*installed.java, "kafka.Kafka", str(settings)]
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            running = SecureKafka(ports=ports, authority=authority, folder=folder)
            _wait_until_it_answers(running, process, log)
            running.set_password(USER, PASSWORD)
            running.allow_everything()
            yield running
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _settings(authority: Authority, ports: dict[str, int], *, log_dir: Path) -> str:
    ours = authority.issue("127.0.0.1", "localhost").both
    strange = authority.issue("elsewhere.example").both
    foreign = Authority(log_dir.parent / "foreign").issue("127.0.0.1").both
    listeners = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    lines = [
        "process.roles=broker,controller",
        "node.id=1",
        f"controller.quorum.voters=1@127.0.0.1:{ports['CONTROLLER']}",
        f"listeners={listeners}",
        "controller.listener.names=CONTROLLER",
        f"listener.security.protocol.map={PROTOCOLS}",
        "inter.broker.listener.name=PLAIN",
        f"log.dir={log_dir}",
        "num.partitions=2",
        "offsets.topic.replication.factor=1",
        "offsets.topic.num.partitions=2",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "group.initial.rebalance.delay.ms=0",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={ours}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={authority.file}",
        f"listener.name.strange.ssl.keystore.location={strange}",
        f"listener.name.foreign.ssl.keystore.location={foreign}",
        "listener.name.mutual.ssl.client.auth=required",
        "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        # How long a client that is refused waits for the refusal.
        "connection.failed.authentication.delay.ms=100",
    ]
    lines.append("listener.name.words.sasl.enabled.mechanisms=PLAIN")
    for listener in ("tls", "users", "words", "strange", "foreign"):
        prefix = f"listener.name.{listener}"
        lines += [
            f"{prefix}.scram-sha-256.sasl.jaas.config={_SCRAM}",
            f"{prefix}.scram-sha-512.sasl.jaas.config={_SCRAM}",
            f"{prefix}.plain.sasl.jaas.config={_PLAIN}",
            f"{prefix}.oauthbearer.sasl.jaas.config={_OAUTH}",
        ]
    return "\n".join(lines) + "\n"


def _wait_until_it_answers(running: SecureKafka, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            running.admin().list_topics(timeout=1)
        except KafkaException:
            assert process.poll() is None, f"Kafka did not start:\n{log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"Kafka does not answer:\n{log.read_text()[-3000:]}"
        else:
            return
