"""Every variable of the environment that a node reads, with its default and its meaning: one table for help, docs and files.

Here and not in the runtime, which the generator does not import: its own parts would cost more time than a generation.
"""

from __future__ import annotations

from typing import NamedTuple


class Variable(NamedTuple):
    """One variable. `default` is as one would write it, empty where there is none; `flag` is start_node.py's for it.

    What only nodes of one archetype read has its name in `archetype`.
    """

    name: str
    default: str
    meaning: str
    flag: str = ""
    archetype: str = ""


# By what they are about, in the order in which a person comes to need them.
VARIABLES_BY_TOPIC: dict[str, tuple[Variable, ...]] = {
    "The event bus": (
        Variable(
            "KAFKA_BOOTSTRAP_SERVERS",
            "omninode-bridge-redpanda:9092",
            "where the event bus is: HOST:PORT,...",
            "--kafka-servers",
        ),
        Variable("NODESMITH_SKIP_EVENT_BUS", "0", "1: run without the event bus", "--skip-event-bus"),
        Variable("HEARTBEAT_SECONDS", "10", "how often the node says that it is alive"),
    ),
    "The process": (
        Variable(
            "NODE_INSTANCE_ID", "", "this process among others of the same node; else its host and process id"
        ),
        Variable("NODESMITH_DATA_DIR", "", "where the node keeps files; else under the user's state folder"),
        Variable("HEALTH_HOST", "127.0.0.1", "where health and metrics are served"),
        Variable(
            "HEALTH_PORT", "0", "at which port; 0 is any free one, which the log tells", "--health-port"
        ),
        Variable("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL", "--log-level"),
        Variable("LOG_FORMAT", "console", "console, or json: one object a line", "--log-format"),
        Variable("NODESMITH_TRACEBACK", "", "1: show where a node failed that could not run"),
        Variable(
            "DRAIN_SECONDS", "30", "how long what runs may take to finish when the node is told to stop"
        ),
    ),
    "Commands": (
        Variable("COMMAND_MAX_BYTES", "1048588", "how large a command may be; a larger one is a dead letter"),
        Variable("PREFETCH_MAX_RECORDS", "4000", "how many records are taken ahead of the work on them"),
        Variable("PREFETCH_MAX_BYTES", "67108864", "and how many bytes of them (64 MiB)"),
        Variable(
            "REBALANCE_SECONDS",
            "10",
            "how long a partition that moves waits for what of it runs; at most 240",
        ),
        Variable("RETRY_ATTEMPTS", "5", "how often a command is tried in all"),
        Variable("RETRY_BASE_SECONDS", "0.1", "the bound of the pause after the first attempt; it doubles"),
        Variable("RETRY_CAP_SECONDS", "10", "the bound of every pause"),
        Variable("BREAKER_FAILURES", "5", "after how many failures in a row commands wait for a dependency"),
        Variable("BREAKER_PAUSE_SECONDS", "1", "when a dependency that is down is tried again; it doubles"),
        Variable("BREAKER_CAP_SECONDS", "30", "and how long that takes at most"),
    ),
    "What is kept": (
        Variable("OUTBOX_MAX_RECORDS", "100000", "how many records may wait for the bus"),
        Variable("OUTBOX_MAX_BYTES", "268435456", "and how many bytes of them (256 MiB)"),
        Variable(
            "NODESMITH_ANSWERS_URL",
            "",
            "a PostgreSQL database for the answers; else a file in the data folder",
        ),
        Variable(
            "NODESMITH_STATE_URL",
            "",
            "one for a reducer's state; else a file in the data folder",
            archetype="reducer",
        ),
        Variable("ANSWER_KEEP_SECONDS", "86400", "how long answers are kept (a day)"),
        Variable("ANSWER_KEEP_BYTES", "268435456", "and how many bytes of them (256 MiB)"),
        Variable("ANSWER_LEASE_SECONDS", "10", "when what an instance works on that is silent is taken over"),
    ),
    "Security of the bus": (
        Variable("KAFKA_SECURITY_PROTOCOL", "", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
        Variable("KAFKA_SASL_MECHANISM", "", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"),
        Variable("KAFKA_SASL_USERNAME", "", "who the node is"),
        Variable("KAFKA_SASL_PASSWORD", "", "its password"),
        Variable("KAFKA_SASL_PASSWORD_FILE", "", "a file with it"),
        Variable("KAFKA_SASL_OAUTHBEARER_CLIENT_ID", "", "who asks for a token"),
        Variable("KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET", "", "with which secret"),
        Variable("KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE", "", "a file with it"),
        Variable("KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL", "", "where"),
        Variable("KAFKA_SASL_OAUTHBEARER_SCOPE", "", "for what"),
        Variable(
            "KAFKA_SSL_CA_LOCATION", "", "a file with the authorities that are trusted; else the system's"
        ),
        Variable("KAFKA_SSL_CERTIFICATE_LOCATION", "", "a file with the node's own certificate"),
        Variable("KAFKA_SSL_KEY_LOCATION", "", "a file with its key"),
        Variable("KAFKA_SSL_KEY_PASSWORD", "", "the key's password"),
        Variable("KAFKA_SSL_KEY_PASSWORD_FILE", "", "a file with it"),
        Variable(
            "KAFKA_CLIENT_<NAME>",
            "",
            "any other setting of the Kafka client, as KAFKA_CLIENT_COMPRESSION_TYPE",
        ),
    ),
}
VARIABLES: tuple[Variable, ...] = tuple(each for group in VARIABLES_BY_TOPIC.values() for each in group)


def variables_for(archetype: str) -> dict[str, tuple[Variable, ...]]:
    """Return what nodes of an archetype read, by topic."""
    return {
        topic: tuple(each for each in variables if each.archetype in ("", archetype))
        for topic, variables in VARIABLES_BY_TOPIC.items()
    }


def in_words() -> str:
    """Return the table for a terminal."""
    lines = []
    for topic, variables in VARIABLES_BY_TOPIC.items():
        lines.append(f"{topic}:")
        for each in variables:
            default = f" (default {each.default})" if each.default else ""
            lines += [f"  {each.name}{default}", f"      {each.meaning}"]
    return "\n".join(lines)
