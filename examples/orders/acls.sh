#!/bin/sh
# What each node of this system has to be allowed on a Kafka that keeps rules (ACLs), as a user of its own:
#     KAFKA_BOOTSTRAP_SERVERS=kafka.example:9093 sh acls.sh --command-config admin.properties
# What is given is passed on to kafka-acls. Where the topics are there already, --operation Create may be left out.
set -eu
options="$*"

allow() {
    user=$1
    shift
    # shellcheck disable=SC2086 # the options are several words
    kafka-acls --bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS" $options --add --allow-principal "User:$user" "$@"
}

# Every node: it takes its commands as a group, answers, keeps dead letters, and is known to the others.
for node in price-calculator order-store order-totals order-fulfilment; do
    allow $node --operation Read --group orders.$node
    allow $node --operation Read --operation Create --topic onex.cmd.orders.$node-requested.v1
    allow $node --operation Write --operation Create --topic onex.evt.orders.$node-completed.v1 \
        --topic onex.evt.orders.$node-failed.v1 --topic onex.dlq.orders.$node.v1
    allow $node --operation Write --operation Create --topic onex.evt.platform.node-introspection.v1 \
        --topic onex.evt.platform.node-heartbeat.v1
    allow $node --operation Read --operation Create --topic onex.cmd.platform.request-introspection.v1
done

# A reducer: it reads the events it folds, and publishes what it wants done.
allow order-totals --operation Read --operation Create --topic onex.evt.orders.order-store-completed.v1
allow order-totals --operation Write --operation Create --topic onex.intent.orders.order-totals-intended.v1

# An orchestrator: it commands other nodes, reads their answers, and tells of its workflows.
for node in price-calculator order-store; do
    allow order-fulfilment --operation Write --topic onex.cmd.orders.$node-requested.v1
    allow order-fulfilment --operation Read --topic onex.evt.orders.$node-completed.v1 --topic onex.evt.orders.$node-failed.v1
done
allow order-fulfilment --operation Write --operation Create --topic onex.evt.orders.order-fulfilment-workflow.v1
