"""A node starts against a bus it cannot use, says in words what is wrong, works all the same, and joins by itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from support.certificates import Authority
from support.greeter import running_greeter
from support.kafka_secure import PASSWORD, USER
from support.waiting import wait_until_async

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.gate import Gate
    from support.kafka_secure import SecureKafka

PLAINTEXT: Mapping[str, str] = {}
TLS = {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CA_LOCATION": "{authority}"}
USERS = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": USER,
    "KAFKA_SASL_PASSWORD": PASSWORD,
}
TLS_USERS = {**USERS, **TLS, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}
FOREIGN_CERTIFICATE = {
    **TLS,
    "KAFKA_SSL_CERTIFICATE_LOCATION": "{certificate}",
    "KAFKA_SSL_KEY_LOCATION": "{key}",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the node is told, what is at its address at first, what it says of that, and what is there in the end."""

    settings: Mapping[str, str]
    first: str
    words: str
    mended: str
    fix: str = field(default="KAFKA_SECURITY_PROTOCOL")


NOT_KAFKA = "KAFKA_BOOTSTRAP_SERVERS"
CASES = {
    "nobody listens": Case(
        settings=PLAINTEXT, first="nowhere", words="nothing listens at {at}", mended="PLAIN", fix=NOT_KAFKA
    ),
    "a server that says nothing": Case(
        settings=PLAINTEXT,
        first="silent",
        words="{at} takes the connection and then says nothing",
        mended="PLAIN",
        fix="overloaded",
    ),
    "a server that says nothing, asked for TLS": Case(
        settings=TLS_USERS,
        first="silent",
        words="{at} takes the connection and then says nothing",
        mended="TLS",
        fix="overloaded",
    ),
    "a web server": Case(
        settings=PLAINTEXT, first="http", words="{at} speaks HTTP, not Kafka", mended="PLAIN", fix=NOT_KAFKA
    ),
    "a web server, asked for TLS": Case(
        settings=TLS, first="http", words="{at} speaks HTTP, not Kafka", mended="OPEN", fix=NOT_KAFKA
    ),
    "a server that hangs up": Case(
        settings=PLAINTEXT,
        first="closing",
        words="{at} does not speak Kafka: it closes the connection at once",
        mended="PLAIN",
    ),
    "a mail server": Case(
        settings=PLAINTEXT,
        first="garbage",
        words="{at} does not speak Kafka: it answers with something else",
        mended="PLAIN",
    ),
    "plaintext to TLS": Case(
        settings=PLAINTEXT,
        first="TLS",
        words="{at} expects TLS, and KAFKA_SECURITY_PROTOCOL is PLAINTEXT",
        mended="PLAIN",
    ),
    "TLS to plaintext": Case(
        settings=TLS,
        first="PLAIN",
        words="the broker at {at} speaks without TLS, and KAFKA_SECURITY_PROTOCOL is SSL",
        mended="OPEN",
    ),
    "no user where one is asked for": Case(
        settings=TLS, first="TLS", words="the broker at {at} asks for a user (SASL: ", mended="OPEN"
    ),
    "a user where none is asked for": Case(
        settings=TLS_USERS, first="OPEN", words="the broker at {at} asks for no user", mended="TLS"
    ),
    "a mechanism that is not offered": Case(
        settings=USERS,
        first="WORDS",
        words="the broker at {at} does not offer SCRAM-SHA-512; it offers PLAIN",
        mended="USERS",
        fix="KAFKA_SASL_MECHANISM",
    ),
    "a certificate for another host": Case(
        settings=TLS_USERS,
        first="STRANGE",
        words="the certificate of the broker at {at} is not for '127.0.0.1'",
        mended="TLS",
        fix=NOT_KAFKA,
    ),
    "a certificate of another authority": Case(
        settings=TLS_USERS,
        first="FOREIGN",
        words="the certificate of the broker at {at} is signed by no authority in {authority}",
        mended="TLS",
        fix="KAFKA_SSL_CA_LOCATION",
    ),
    "no certificate of one's own": Case(
        settings=TLS,
        first="MUTUAL",
        words="the broker at {at} asks for a certificate of the client",
        mended="OPEN",
        fix="KAFKA_SSL_CERTIFICATE_LOCATION",
    ),
    "a certificate that is not trusted": Case(
        settings=FOREIGN_CERTIFICATE,
        first="MUTUAL",
        words="the broker at {at} refuses the certificate in {certificate}",
        mended="OPEN",
        fix="whose authority the broker trusts",
    ),
}


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture(scope="module")
def files(secure_kafka: SecureKafka, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the cases name: the authority everybody trusts, and a pair of one nobody does."""
    pair = Authority(tmp_path_factory.mktemp("nobody")).issue("mallory")
    return {
        "authority": str(secure_kafka.authority.file),
        "certificate": str(pair.certificate),
        "key": str(pair.key),
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_what_is_wrong_is_said_once_and_over_by_itself(
    case: Case, secure_kafka: SecureKafka, gate: Gate, files: dict[str, str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    words = case.words.format(at=gate.address, **files)
    settings = {name: value.format(**files) for name, value in case.settings.items()}
    gate.lead_to(secure_kafka.at(case.first) if case.first in secure_kafka.ports else case.first)

    async with running_greeter(
        {**settings, "KAFKA_BOOTSTRAP_SERVERS": gate.address}, tmp_path, monkeypatch
    ) as greeter:
        await greeter.says(f"no broker can be reached at {gate.address}: {words}")
        assert case.fix in greeter.fix
        await greeter.greets()
        await logged(caplog, f"bus away at {gate.address} ({words}")
        gate.lead_to(secure_kafka.at(case.mended))
        await greeter.is_ready()

    assert len([line for line in complaints(caplog) if words in line]) == 1
    assert len(complaints(caplog)) <= 2  # of what is cut when the gate leads elsewhere, one more at most


async def test_a_host_that_is_not_known_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    servers = {"KAFKA_BOOTSTRAP_SERVERS": "no-such-host.invalid:9092"}
    async with running_greeter(servers, tmp_path, monkeypatch) as greeter:
        await greeter.says("the host name 'no-such-host.invalid' cannot be resolved")
        await greeter.greets()
        await logged(caplog, "cannot be resolved")
    assert len(complaints(caplog)) == 1


@pytest.mark.parametrize(("listener", "mechanism"), [("TLS", "SCRAM-SHA-256"), ("USERS", "SCRAM-SHA-512")])
async def test_a_password_that_is_wrong_is_said_and_mended_on_the_broker(
    listener: str, mechanism: str, secure_kafka: SecureKafka, files: dict[str, str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    user, password = f"bob-{listener}-{mechanism}", "a-password-9Lw"
    secure_kafka.set_password(user, "another one")
    settings = {
        **{
            name: value.format(**files) for name, value in (TLS_USERS if listener == "TLS" else USERS).items()
        },
        "KAFKA_BOOTSTRAP_SERVERS": secure_kafka.at(listener),
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_SASL_USERNAME": user,
        "KAFKA_SASL_PASSWORD": password,
    }
    async with running_greeter(settings, tmp_path, monkeypatch) as greeter:
        await greeter.says(
            f"the broker at {secure_kafka.at(listener)} refuses the user '{user}': SASL authentication failed"
        )
        await greeter.greets()
        await logged(caplog, "refuses the user")
        secure_kafka.set_password(user, password)
        await greeter.is_ready()
    assert len(complaints(caplog)) == 1
    assert password not in caplog.text


async def test_the_reason_follows_the_cause(
    secure_kafka: SecureKafka, gate: Gate, files: dict[str, str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    settings = {
        **{name: value.format(**files) for name, value in TLS_USERS.items()},
        "KAFKA_BOOTSTRAP_SERVERS": gate.address,
        "KAFKA_SASL_PASSWORD": "wrong",
    }
    gate.lead_to(secure_kafka.at("TLS"))
    async with running_greeter(settings, tmp_path, monkeypatch) as greeter:
        for target, words in (
            (secure_kafka.at("TLS"), f"refuses the user '{USER}'"),
            ("nowhere", "nothing listens at"),
            (secure_kafka.at("FOREIGN"), "is signed by no authority"),
            (secure_kafka.at("TLS"), f"refuses the user '{USER}'"),
        ):
            gate.lead_to(target)
            await greeter.says(words)
            await logged(caplog, words)
    assert len(complaints(caplog)) == 3


async def logged(caplog: pytest.LogCaptureFixture, words: str) -> None:
    """Return when a line that says so is complained of."""

    async def found() -> bool:
        return any(words in line for line in complaints(caplog))

    await wait_until_async(found, why=f"{words!r} in the log")


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines that complain of the bus."""
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [line for line in lines if "away" in line]
