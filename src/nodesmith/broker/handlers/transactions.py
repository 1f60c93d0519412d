"""Transactions: this broker has none, and says so wherever a client asks for one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kio.schema.errors import ErrorCode

if TYPE_CHECKING:
    from kio.schema.add_offsets_to_txn.v2.request import AddOffsetsToTxnRequest
    from kio.schema.add_partitions_to_txn.v2.request import AddPartitionsToTxnRequest
    from kio.schema.end_txn.v2.request import EndTxnRequest
    from kio.schema.txn_offset_commit.v2.request import TxnOffsetCommitRequest

    from nodesmith.broker.protocol import Call, Reply
    from nodesmith.broker.state import BrokerState

logger = logging.getLogger(__name__)

NO_TRANSACTIONS = "this broker is for a laptop and tests and has no transactions"
# Of the codes there are, the one that the clients take for final, and that a transactional id can get.
REFUSAL = ErrorCode.transactional_id_authorization_failed
_MOST_NAMES = 1000


def refuse(state: BrokerState, transactional_id: str, client: str) -> None:
    """Say in the log who was refused, once for each transactional id: clients ask again and again."""
    if transactional_id in state.refused_transactions:
        return
    if len(state.refused_transactions) >= _MOST_NAMES:
        state.refused_transactions.clear()
    state.refused_transactions.add(transactional_id)
    logger.warning("transactional id '%s' of %s is refused: %s", transactional_id, client, NO_TRANSACTIONS)


def add_partitions(state: BrokerState, call: Call) -> Reply:
    """Refuse every partition."""
    request: AddPartitionsToTxnRequest = call.request
    refuse(state, request.v3_and_below_transactional_id, call.client_host)
    return {
        "results_by_topic_v3_and_below": [
            {
                "name": topic.name,
                "results_by_partition": [
                    {"partition_index": number, "partition_error_code": REFUSAL}
                    for number in topic.partitions
                ],
            }
            for topic in request.v3_and_below_topics
        ]
    }


def add_offsets(state: BrokerState, call: Call) -> Reply:
    """Refuse a group's offsets."""
    request: AddOffsetsToTxnRequest = call.request
    refuse(state, request.transactional_id, call.client_host)
    return {"error_code": REFUSAL}


def end(state: BrokerState, call: Call) -> Reply:
    """Refuse to commit or abort."""
    request: EndTxnRequest = call.request
    refuse(state, request.transactional_id, call.client_host)
    return {"error_code": REFUSAL}


def offset_commit(state: BrokerState, call: Call) -> Reply:
    """Refuse to commit offsets."""
    request: TxnOffsetCommitRequest = call.request
    refuse(state, request.transactional_id, call.client_host)
    return {
        "topics": [
            {
                "name": topic.name,
                "partitions": [
                    {"partition_index": part.partition_index, "error_code": REFUSAL}
                    for part in topic.partitions
                ],
            }
            for topic in request.topics
        ]
    }
