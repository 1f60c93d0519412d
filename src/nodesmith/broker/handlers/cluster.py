"""Who the broker is and what it has: versions, metadata, coordinators, producer ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.records import LEADER_EPOCH
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.state import NODE_ID

if TYPE_CHECKING:
    from kio.schema.find_coordinator.v2.request import FindCoordinatorRequest
    from kio.schema.init_producer_id.v1.request import InitProducerIdRequest
    from kio.schema.metadata.v8.request import MetadataRequest

    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState
    from nodesmith.broker.topics import Topic

NO_TRANSACTIONS = "this broker is for a laptop and tests and has no transactions"
_GROUP = 0


async def metadata(state: BrokerState, call: Call) -> Reply:
    """Describe the one broker and the topics asked for, making those that do not exist where the client lets it."""
    request: MetadataRequest = call.request
    # Version 0 asks for everything with an empty list, later ones with none at all.
    everything = request.topics is None or (call.version == 0 and not request.topics)
    names = state.topics.names() if everything else [topic.name for topic in request.topics or ()]
    may_create = getattr(request, "allow_auto_topic_creation", True)
    return {
        "brokers": [{"node_id": NODE_ID, "host": call.host, "port": call.port}],
        "cluster_id": state.data_dir.cluster_id,
        "controller_id": NODE_ID,
        "topics": [_describe_topic(state, name, may_create=may_create) for name in names],
    }


def _describe_topic(state: BrokerState, name: str, *, may_create: bool) -> Reply:
    topic = state.topics.find(name)
    code = ErrorCode.none
    try:
        if topic is None and may_create:
            topic = state.topics.create(name)
        elif topic is None:
            code = ErrorCode.unknown_topic_or_partition
    except RefusedError as refused:
        code = refused.code
    return {"error_code": code, "name": name, "partitions": _describe_partitions(topic) if topic else []}


def _describe_partitions(topic: Topic) -> list[Reply]:
    return [
        {
            "error_code": ErrorCode.none,
            "partition_index": number,
            "leader_id": NODE_ID,
            "leader_epoch": LEADER_EPOCH,
            "replica_nodes": (NODE_ID,),
            "isr_nodes": (NODE_ID,),
        }
        for number in range(len(topic.partitions))
    ]


async def describe_cluster(state: BrokerState, call: Call) -> Reply:
    """Describe the one broker."""
    return {
        "error_code": ErrorCode.none,
        "cluster_id": state.data_dir.cluster_id,
        "controller_id": NODE_ID,
        "brokers": [{"broker_id": NODE_ID, "host": call.host, "port": call.port}],
    }


async def find_coordinator(state: BrokerState, call: Call) -> Reply:  # noqa: ARG001 - every handler's signature
    """Name the one broker as coordinator of a group; there is none for transactions."""
    request: FindCoordinatorRequest = call.request
    if getattr(request, "key_type", _GROUP) != _GROUP:
        return {
            "error_code": ErrorCode.invalid_request,
            "error_message": NO_TRANSACTIONS,
            "node_id": -1,
            "host": "",
            "port": -1,
        }
    return {
        "error_code": ErrorCode.none,
        "error_message": None,
        "node_id": NODE_ID,
        "host": call.host,
        "port": call.port,
    }


async def init_producer_id(state: BrokerState, call: Call) -> Reply:
    """Give a producer an id of its own; a transactional one is refused."""
    request: InitProducerIdRequest = call.request
    if request.transactional_id is not None:
        return {"error_code": ErrorCode.invalid_request, "producer_id": -1, "producer_epoch": -1}
    return {
        "error_code": ErrorCode.none,
        "producer_id": state.data_dir.next_producer_id(),
        "producer_epoch": 0,
    }
