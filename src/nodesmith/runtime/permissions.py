"""What a broker lets its clients do, where it keeps rules of that (ACLs)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient  # type: ignore[attr-defined]

from nodesmith.errors import NotPermittedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DENIED = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


def who(settings: Mapping[str, Any]) -> str:
    """Return as whom a client of `settings` is known to a broker."""
    if client := settings.get("sasl.oauthbearer.client.id"):
        return f"'{client}', as its token says,"
    if user := settings.get("sasl.username"):
        return f"the user '{user}'"
    if certificate := settings.get("ssl.certificate.location"):
        return f"the owner of the certificate {certificate}"
    return "a client without a user"


def not_permitted(settings: Mapping[str, Any], *denied: str) -> NotPermittedError:
    """Return the error that says what is denied to whom, such as `read the topic orders`."""
    return NotPermittedError(
        f"the broker does not let {who(settings)} {', nor '.join(denied)}",
        fix="give the permissions on the broker (kafka-acls --add ...), or use another user",
    )


def check_permissions(
    settings: Mapping[str, Any], *, group: str, reads: Sequence[str], writes: Sequence[str], seconds: float
) -> None:
    """Raise NotPermittedError where a broker says that something of it is not allowed; blocks for some `seconds` at most.

    A broker that does not say so, as one without rules, is believed to allow it.
    """
    admin = AdminClient(dict(settings))
    topics = admin.describe_topics(
        TopicCollection(list(dict.fromkeys((*reads, *writes)))),
        include_authorized_operations=True,
        request_timeout=seconds,
    )
    allowed = {name: _allowed(future, seconds) for name, future in topics.items()}
    groups = admin.describe_consumer_groups(
        [group], include_authorized_operations=True, request_timeout=seconds
    )
    denied = [
        *_missing(allowed, reads, AclOperation.READ, "read the topic"),
        *_missing(allowed, writes, AclOperation.WRITE, "write the topic"),
        *_missing({group: _allowed(groups[group], seconds)}, [group], AclOperation.READ, "join the group"),
    ]
    if denied:
        raise not_permitted(settings, *denied)


def _allowed(future: Any, seconds: float) -> Sequence[AclOperation] | None:
    """Return what is allowed, None where the broker does not say."""
    try:
        operations: Sequence[AclOperation] | None = future.result(seconds).authorized_operations
    except KafkaException as error:
        return [] if error.args[0].code() in DENIED else None
    return operations


def _missing(
    allowed: Mapping[str, Sequence[AclOperation] | None],
    names: Sequence[str],
    operation: AclOperation,
    words: str,
) -> Iterator[str]:
    for name in names:
        operations = allowed[name]
        if operations is not None and operation not in operations:
            yield f"{words} {name}"
