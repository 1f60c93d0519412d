"""Settings of the Kafka client that a person adds: KAFKA_CLIENT_<NAME>, of which those are refused that would break a promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodesmith.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "KAFKA_CLIENT_"

_COMMITS = "an offset is committed when its answer is safe, and never by a timer"
_SENDS = "a record that the client gave up by itself could be overtaken by a later one of its key"
_ACKNOWLEDGED = "a record counts as sent when every replica in sync has it, once and in order"
_GROUP = "how a node is a member of its group is fixed, so that all its instances agree"
_READS = "the reading of records is tuned to what a node takes ahead"
_REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("enable.auto.commit", "auto.commit.enable", "auto.commit.interval.ms", "enable.auto.offset.store"), _COMMITS
    ),
    **dict.fromkeys(
        ("message.timeout.ms", "delivery.timeout.ms", "retries", "message.send.max.retries", "queuing.strategy"), _SENDS
    ),
    **dict.fromkeys(
        ("enable.idempotence", "acks", "request.required.acks", "enable.gapless.guarantee", "transactional.id",
         "max.in.flight", "max.in.flight.requests.per.connection"),
        _ACKNOWLEDGED,
    ),
    **dict.fromkeys(
        ("group.id", "group.instance.id", "group.protocol", "group.remote.assignor", "partition.assignment.strategy",
         "session.timeout.ms", "heartbeat.interval.ms"),
        _GROUP,
    ),
    **dict.fromkeys(
        ("auto.offset.reset", "enable.partition.eof", "queued.max.messages.kbytes", "fetch.wait.max.ms",
         "topic.metadata.refresh.interval.ms"),
        _READS,
    ),
    **dict.fromkeys(("bootstrap.servers", "metadata.broker.list"), "KAFKA_BOOTSTRAP_SERVERS says where the bus is"),
    **dict.fromkeys(("client.id", "id"), "the client's id is the node's name"),
    "plugin.library.paths": "a node runs no foreign libraries inside its client",
}  # fmt: skip
# Where the client's setting has a variable of its own, or would hold a secret in the open.
_SECURITY = ("security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "ssl.ca.location",
             "ssl.certificate.location", "ssl.key.location", "ssl.keystore.location")  # fmt: skip
_SECRET_ENDINGS = ("password", "secret", ".pem", "passphrase", ".config")


def further_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings by the client's own names: `KAFKA_CLIENT_SOCKET_KEEPALIVE_ENABLE` is `socket.keepalive.enable`."""
    settings = {}
    for variable, value in sorted(environment.items()):
        if variable.startswith(PREFIX) and value:
            name = variable.removeprefix(PREFIX).lower().replace("_", ".")
            if reason := _why_not(name):
                raise InputError(
                    f"{variable} sets {name}, which is not for a setting: {reason}",
                    fix=f"leave {variable} out",
                )
            settings[name] = value
    return settings


def variable_of(name: str) -> str:
    """Return the variable for one of the client's settings."""
    return PREFIX + name.upper().replace(".", "_")


def _why_not(name: str) -> str:
    if name in _SECURITY or name.endswith(_SECRET_ENDINGS):
        return "security has settings of its own, KAFKA_SECURITY_PROTOCOL and those beside it"
    return _REFUSED.get(name, "")
