"""Who the broker is and what it has: versions, metadata, coordinators, producer ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

from nodesmith.broker.handlers.transactions import NO_TRANSACTIONS, REFUSAL, refuse
from nodesmith.broker.records import LEADER_EPOCH
from nodesmith.broker.refusal import RefusedError
from nodesmith.broker.state import NODE_ID

if TYPE_CHECKING:
    from kio.schema.find_coordinator.v2.request import FindCoordinatorRequest
    from kio.schema.init_producer_id.v1.request import InitProducerIdRequest
    from kio.schema.metadata.v12.request import MetadataRequest, MetadataRequestTopic

    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState
    from nodesmith.broker.topics import Topic

_GROUP = 0
_MAY_HAVE_NO_NAME = 12  # from this version on a topic that is not known by its id


def metadata(state: BrokerState, call: Call) -> Reply:
    """Describe the one broker and the topics asked for, making those that do not exist where the client lets it."""
    request: MetadataRequest = call.request
    # Version 0 asks for everything with an empty list, later ones with none at all.
    everything = request.topics is None or (call.version == 0 and not request.topics)
    may_create = getattr(request, "allow_auto_topic_creation", True)
    if everything:
        topics = [_describe_topic(state, name, may_create=False) for name in state.topics.names()]
    else:
        nothing = None if call.version >= _MAY_HAVE_NO_NAME else ""
        topics = [
            _describe_asked(state, topic, nothing, may_create=may_create) for topic in request.topics or ()
        ]
    return {
        "brokers": [{"node_id": NODE_ID, "host": call.host, "port": call.port}],
        "cluster_id": state.data_dir.cluster_id,
        "controller_id": NODE_ID,
        "topics": topics,
    }


def _describe_asked(
    state: BrokerState, asked: MetadataRequestTopic, no_name: str | None, *, may_create: bool
) -> Reply:
    topic_id = getattr(asked, "topic_id", None)
    topic = state.topics.find_id(topic_id) if topic_id is not None else None
    name = asked.name if topic is None else topic.name
    if name is None:
        code = ErrorCode.unknown_topic_id
        return {"error_code": code, "name": no_name, "topic_id": topic_id, "partitions": ()}
    return _describe_topic(state, name, may_create=may_create)


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
    return {
        "error_code": code,
        "name": name,
        "topic_id": topic.id if topic else None,
        "partitions": _describe_partitions(topic) if topic else [],
    }


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


def describe_cluster(state: BrokerState, call: Call) -> Reply:
    """Describe the one broker."""
    return {
        "error_code": ErrorCode.none,
        "cluster_id": state.data_dir.cluster_id,
        "controller_id": NODE_ID,
        "brokers": [{"broker_id": NODE_ID, "host": call.host, "port": call.port}],
    }


def find_coordinator(state: BrokerState, call: Call) -> Reply:
    """Name the one broker as coordinator of a group; there is none for transactions."""
    request: FindCoordinatorRequest = call.request
    if getattr(request, "key_type", _GROUP) != _GROUP:
        refuse(state, request.key, call.client_host)
        return {
            "error_code": REFUSAL,
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


def init_producer_id(state: BrokerState, call: Call) -> Reply:
    """Give a producer an id of its own; a transactional one is refused."""
    request: InitProducerIdRequest = call.request
    if request.transactional_id is not None:
        refuse(state, request.transactional_id, call.client_host)
        return {"error_code": REFUSAL, "producer_id": -1, "producer_epoch": -1}
    return {
        "error_code": ErrorCode.none,
        "producer_id": state.data_dir.next_producer_id(),
        "producer_epoch": 0,
    }
