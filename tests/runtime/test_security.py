"""What the environment and the config file say of the Kafka clients' security: what is taken, and what is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st
from support.certificates import Authority, Certificate

from nodesmith.errors import InputError
from nodesmith.runtime.client import common_settings
from nodesmith.runtime.config import read_config
from nodesmith.runtime.security import MECHANISMS, SECRETS, VARIABLES, client_security
from nodesmith.runtime.trouble import Trouble

ROOT = Path(__file__).parents[2]
SECRET = "sesame-7RqX"
PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
USER = {"KAFKA_SASL_USERNAME": "alice", "KAFKA_SASL_PASSWORD": SECRET}
SCRAM = {PROTOCOL: "SASL_SSL", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", **USER}
TOKENS = {
    PROTOCOL: "SASL_PLAINTEXT",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_SASL_OAUTHBEARER_CLIENT_ID": "greeter",
    "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": SECRET,
    "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": "http://127.0.0.1:1/token",
}
CA, CERTIFICATE, KEY = "KAFKA_SSL_CA_LOCATION", "KAFKA_SSL_CERTIFICATE_LOCATION", "KAFKA_SSL_KEY_LOCATION"
KEY_PASSWORD = "KAFKA_SSL_KEY_PASSWORD"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def carol(authority: Authority) -> Certificate:
    return authority.issue("carol")


@pytest.fixture(scope="module")
def locked(authority: Authority) -> Certificate:
    return authority.issue("carol", password=SECRET)


def refused(environment: dict[str, str]) -> InputError:
    """Return the error, in which no secret may be."""
    with pytest.raises(InputError) as caught:
        client_security(environment)
    assert SECRET not in f"{caught.value.message} {caught.value.fix}"
    assert caught.value.fix
    return caught.value


def test_without_settings_a_client_speaks_plaintext() -> None:
    assert client_security({}) == {}
    assert client_security({PROTOCOL: "", "KAFKA_SASL_PASSWORD": ""}) == {}
    assert client_security({PROTOCOL: "plaintext"}) == {"security.protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", [name for name in MECHANISMS if name != "OAUTHBEARER"])
def test_a_user_with_a_password(mechanism: str, authority: Authority) -> None:
    settings = client_security({**SCRAM, "KAFKA_SASL_MECHANISM": mechanism.lower(), CA: str(authority.file)})
    assert settings == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": mechanism,
        "sasl.username": "alice",
        "sasl.password": SECRET,
        "ssl.ca.location": str(authority.file),
    }


def test_tokens_of_an_identity_provider() -> None:
    settings = client_security({**TOKENS, "KAFKA_SASL_OAUTHBEARER_SCOPE": "kafka"})
    assert settings["sasl.oauthbearer.method"] == "oidc"
    assert settings["sasl.oauthbearer.client.secret"] == SECRET
    assert settings["sasl.oauthbearer.scope"] == "kafka"


def test_a_certificate_whose_key_is_locked(locked: Certificate) -> None:
    files = {PROTOCOL: "SSL", CERTIFICATE: str(locked.certificate), KEY: str(locked.key)}
    assert client_security({**files, KEY_PASSWORD: SECRET})["ssl.key.password"] == SECRET
    assert "is locked with a password" in refused(files).message
    assert f"{KEY_PASSWORD} does not open it" in refused({**files, KEY_PASSWORD: "other"}).message


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_be_in_a_file_of_its_own(name: str, locked: Certificate, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    files = {CERTIFICATE: str(locked.certificate), KEY: str(locked.key), KEY_PASSWORD: SECRET}
    environment = {**(TOKENS if "OAUTH" in name else SCRAM), **({} if "OAUTH" in name else files)}
    environment.pop(name)
    assert SECRET in client_security({**environment, f"{name}_FILE": str(file)}).values()
    both = refused({**environment, name: SECRET, f"{name}_FILE": str(file)})
    assert both.message == f"{name} and {name}_FILE are both set"
    file.write_text("\n")
    assert "empty file" in refused({**environment, f"{name}_FILE": str(file)}).message
    # Who has put the secret itself there does not find it in the log.
    assert "No such file" in refused({**environment, f"{name}_FILE": SECRET}).message


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({PROTOCOL: "TLS"}, "KAFKA_SECURITY_PROTOCOL is 'TLS'"),
        (USER, "KAFKA_SASL_USERNAME is set, and KAFKA_SECURITY_PROTOCOL is not"),
        ({CA: "/ca.pem"}, "KAFKA_SSL_CA_LOCATION is set, and KAFKA_SECURITY_PROTOCOL is not"),
        ({PROTOCOL: "SSL", **USER}, "KAFKA_SASL_USERNAME is set, and KAFKA_SECURITY_PROTOCOL is SSL"),
        ({**SCRAM, PROTOCOL: "SASL_PLAINTEXT", CA: "/ca.pem"}, "which is without TLS"),
        ({**SCRAM, "KAFKA_SASL_MECHANISM": ""}, "KAFKA_SASL_MECHANISM is not set"),
        ({**SCRAM, "KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM is 'GSSAPI'"),
        ({**SCRAM, "KAFKA_SASL_PASSWORD": ""}, "KAFKA_SASL_PASSWORD is not set"),
        ({**SCRAM, "KAFKA_SASL_USERNAME": ""}, "KAFKA_SASL_USERNAME is not set"),
        ({**TOKENS, **USER}, "KAFKA_SASL_MECHANISM is OAUTHBEARER, which has no use for it"),
        ({**TOKENS, "KAFKA_SASL_MECHANISM": "PLAIN", **USER}, "which has no use for it"),
        ({**TOKENS, "KAFKA_SASL_OAUTHBEARER_CLIENT_ID": ""}, "KAFKA_SASL_OAUTHBEARER_CLIENT_ID is not set"),
        ({**TOKENS, "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": f"http://me:{SECRET}@host"}, "no URL"),
        ({PROTOCOL: "SSL", CERTIFICATE: "/carol.pem"}, f"{CERTIFICATE} is set, and {KEY} is not"),
        ({PROTOCOL: "SSL", KEY: "/carol.key"}, f"{KEY} is set, and {CERTIFICATE} is not"),
        ({PROTOCOL: "SSL", KEY_PASSWORD: SECRET}, f"{KEY_PASSWORD} is set, and {KEY} is not"),
        ({PROTOCOL: "SSL", CA: "/nowhere/ca.pem"}, "/nowhere/ca.pem cannot be read: No such file"),
        ({PROTOCOL: "SSL", CA: os.__file__}, "holds no PEM of a certificate"),
    ],
)
def test_what_is_wrong_or_contradicts_is_refused_by_its_name(environment: dict[str, str], words: str) -> None:
    assert words in refused(environment).message


def test_files_that_do_not_fit_are_refused(authority: Authority, carol: Certificate, tmp_path: Path) -> None:
    other = authority.issue("dave")
    pair = {PROTOCOL: "SSL", CERTIFICATE: str(carol.certificate), KEY: str(other.key)}
    assert "is not that of the certificate" in refused(pair).message
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    assert "cannot be read" in refused({PROTOCOL: "SSL", CA: str(broken)}).message
    assert "holds no PEM of a private key" in refused({**pair, KEY: str(carol.certificate)}).message
    swapped = {**pair, CERTIFICATE: str(broken), KEY: str(carol.key)}
    assert "cannot be used: it is damaged" in refused(swapped).message
    assert "Is a directory" in refused({**pair, KEY: str(tmp_path)}).message


@pytest.mark.parametrize(
    ("variable", "reason"),
    [
        ("KAFKA_CLIENT_ENABLE_AUTO_COMMIT", "an offset is committed when its answer is safe"),
        ("KAFKA_CLIENT_MESSAGE_TIMEOUT_MS", "could be overtaken"),
        ("KAFKA_CLIENT_ENABLE_IDEMPOTENCE", "once and in order"),
        ("KAFKA_CLIENT_ACKS", "every replica in sync"),
        ("KAFKA_CLIENT_GROUP_ID", "its group"),
        ("KAFKA_CLIENT_SASL_PASSWORD", "settings of its own"),
        ("KAFKA_CLIENT_SSL_KEY_PEM", "settings of its own"),
        ("KAFKA_CLIENT_ID", "the node's name"),
        ("KAFKA_CLIENT_BOOTSTRAP_SERVERS", "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_a_further_setting_that_would_break_a_promise_is_refused_with_the_reason(
    variable: str, reason: str
) -> None:
    error = refused({variable: SECRET})
    assert error.message.startswith(f"{variable} sets ")
    assert reason in error.message


def test_further_settings_reach_every_client_and_those_it_does_not_know_are_refused() -> None:
    def settings(**environment: str) -> dict[str, object]:
        return common_settings(
            bootstrap_servers="127.0.0.1:1", source="me", extra=None, environment=environment
        )

    assert settings(KAFKA_CLIENT_SOCKET_KEEPALIVE_ENABLE="true")["socket.keepalive.enable"] == "true"
    assert settings(KAFKA_CLIENT_COMPRESSION_TYPE="zstd")["compression.type"] == "zstd"
    for variable, words in (
        ("SOCKET_KEEPALIF", 'No such configuration property: "socket.keepalif"'),
        ("COMPRESSION_TYPE", 'Invalid value "soon" for configuration property'),
    ):
        with pytest.raises(InputError, match=words):
            settings(**{f"KAFKA_CLIENT_{variable}": "soon"})


def test_the_config_file_has_a_table_for_it(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text(
        '[node.kafka]\nsecurity_protocol = "SASL_SSL"\nsasl_password_file = "/run/secrets/kafka"\n'
        '[node.kafka.client]\nsocket.keepalive.enable = true\n"compression.type" = "zstd"\nlinger.ms = 5\n'
    )
    assert read_config(file) == {
        PROTOCOL: "SASL_SSL",
        "KAFKA_SASL_PASSWORD_FILE": "/run/secrets/kafka",
        "KAFKA_CLIENT_SOCKET_KEEPALIVE_ENABLE": "true",
        "KAFKA_CLIENT_COMPRESSION_TYPE": "zstd",
        "KAFKA_CLIENT_LINGER_MS": "5",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'[node.kafka]\nsasl_passwort = "{SECRET}"', "unknown key 'kafka.sasl_passwort'"),
        (f'[node.kafka]\nsasl_password = ["{SECRET}"]', "kafka.sasl_password is not a text"),
        (f'[[node]]\nsasl_password = "{SECRET}"', "node is no table"),
        (f'[[node.kafka]]\nsasl_password = "{SECRET}"', "kafka is no table"),
        (f'[node.kafka.client]\ndebug = ["{SECRET}"]', "client.debug is no value"),
        (f"[node.kafka]\nsasl_password = {SECRET}", "is no TOML"),
    ],
)
def test_what_is_wrong_in_the_config_file_is_said_without_its_value(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "node.toml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_config(file)
    assert words in caught.value.message
    assert SECRET not in f"{caught.value.message} {caught.value.fix}"


NOT_SECRET = ("PROTOCOL", "MECHANISM", "LOCATION", "URL", "USERNAME", "CLIENT_ID", "SCOPE")


@given(
    st.dictionaries(
        st.sampled_from(VARIABLES),
        st.sampled_from(["", "SSL", "SASL_SSL", "PLAIN", "OAUTHBEARER", "http://x", SECRET]),
    )
)
def test_any_settings_are_taken_or_refused_and_no_secret_is_shown(environment: dict[str, str]) -> None:
    values = {
        name: value
        for name, value in environment.items()
        if not (name.endswith(NOT_SECRET) and value == SECRET)
    }
    try:
        shown = repr(client_security(values))
    except InputError as error:
        shown = f"{error.message} {error.fix}"
    assert SECRET not in shown


def test_the_documentation_tells_what_nodes_say_in_their_own_words() -> None:
    page = (ROOT / "docs/security.md").read_text().partition("## What a node says")[2].partition("\n## ")[0]
    told = [row.split("`")[1] for row in page.splitlines() if row.startswith("| `")]
    sources = "".join(
        (ROOT / "src/nodesmith/runtime" / name).read_text()
        for name in ("diagnosis.py", "trouble.py", "permissions.py", "client.py")
    )
    # What stands between the facts that a node fills in.
    pieces = [
        piece.strip(" '():")
        for words in told
        for piece in re.split(r"\.\.\.|, nor |(?<=refuses) |(?<=authority) ", words)
    ]
    assert len(told) > 10
    assert [piece for piece in pieces if piece not in sources] == []


def test_a_step_that_took_too_long_is_told_with_what_clients_complain_of() -> None:
    trouble = Trouble({"bootstrap.servers": "kafka:9092"})
    assert trouble.in_words(TimeoutError()) == "no answer in time"
    trouble.note(KafkaError(KafkaError._TRANSPORT, "kafka:9092/1: Disconnected"))
    assert trouble.in_words(TimeoutError()) == "no answer in time (kafka:9092: Disconnected)"
