"""The APIs of the Kafka protocol this broker has, and the versions of each.

A version is listed only where every field that a client may set in it is heeded or is of no consequence here. Ranges end
where the "flexible" encoding begins, which every client of today can do without and which takes longer to read and to
write. The exceptions have no older form of what they are for: client names in API versions 3, states in list groups 4,
the newest record in list offsets 7, topic ids in metadata 10, create topics 7 and delete topics 6, and describe cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.handlers import (
    admin,
    cluster,
    configs,
    data,
    membership,
    progress,
    topics,
    transactions,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState

    # One that may have to wait gives something to wait for.
    Handler = Callable[[BrokerState, Call], Reply | Awaitable[Reply | None] | None]

API_VERSIONS = 18


@dataclass(frozen=True, slots=True)
class Api:
    """One API: its key, the versions that are spoken, and what answers it."""

    key: int
    oldest: int
    newest: int
    handler: Handler


def api_versions(state: BrokerState, call: Call) -> Reply:  # noqa: ARG001 - every handler's signature
    """List the APIs and their versions."""
    return list_apis(ErrorCode.none)


def list_apis(code: ErrorCode) -> Reply:
    """Return the list of APIs, with an error where the client asked in a version that is not spoken."""
    return {
        "error_code": code,
        "api_keys": [
            {"api_key": api.key, "min_version": api.oldest, "max_version": api.newest}
            for api in APIS.values()
        ],
    }


APIS = {
    api.key: api
    for api in (
        Api(0, 3, 8, data.produce),
        Api(1, 4, 11, data.fetch),
        Api(2, 1, 7, data.list_offsets),
        Api(3, 0, 12, cluster.metadata),
        Api(8, 2, 7, progress.offset_commit),
        Api(9, 1, 5, progress.offset_fetch),
        Api(10, 0, 2, cluster.find_coordinator),
        Api(11, 0, 5, membership.join_group),
        Api(12, 0, 3, membership.heartbeat),
        Api(13, 0, 3, membership.leave_group),
        Api(14, 0, 3, membership.sync_group),
        Api(15, 0, 4, admin.describe_groups),
        Api(16, 0, 4, admin.list_groups),
        Api(API_VERSIONS, 0, 3, api_versions),
        Api(19, 2, 7, topics.create_topics),
        Api(20, 1, 6, topics.delete_topics),
        Api(21, 0, 1, topics.delete_records),
        Api(22, 0, 1, cluster.init_producer_id),
        Api(24, 0, 2, transactions.add_partitions),
        Api(25, 0, 2, transactions.add_offsets),
        Api(26, 0, 2, transactions.end),
        Api(28, 0, 2, transactions.offset_commit),
        Api(32, 1, 3, configs.describe_configs),
        Api(33, 0, 1, configs.alter_configs),
        Api(37, 0, 1, topics.create_partitions),
        Api(42, 0, 1, admin.delete_groups),
        Api(44, 0, 1, configs.incremental_alter_configs),
        Api(47, 0, 0, admin.offset_delete),
        Api(60, 0, 1, cluster.describe_cluster),
    )
}
