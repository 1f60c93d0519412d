"""What is drawn of nodes and their registry, by the names of our metrics.

Nodes are told apart by the labels that the registry's service discovery gives them. A panel's place follows from its order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

OF = '{nodesmith_domain=~"$domain",nodesmith_node=~"$node",nodesmith_instance=~"$instance"}'
RATE = "[$__rate_interval]"
NODE = "{{nodesmith_domain}}/{{nodesmith_node}}"
BY_NODE = "sum by (nodesmith_domain, nodesmith_node)"

Kind = Literal["timeseries", "stat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is drawn, and what it is called in the legend."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture; `unit` is Grafana's word. `worst` is from where on a stat is red."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    description: str = ""
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 8
    worst: float | None = None
    stacked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...] = field(default=())


def _of(name: str, *more: str) -> str:
    """Return the selector of a metric of the nodes that are chosen."""
    return name + (OF[:-1] + "," + ",".join(more) + "}" if more else OF)


def _rate(name: str, *more: str) -> str:
    return f"rate({_of(name, *more)}{RATE})"


def _quantile(share: float, name: str, by: str = "") -> str:
    groups = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({groups}) ({_rate(f'{name}_bucket')}))"


def _one(title: str, expr: str, legend: str, **more: Any) -> Panel:
    return Panel(title=title, queries=(Query(expr=expr, legend=legend),), **more)


def _stat(title: str, expr: str, **more: Any) -> Panel:
    return _one(title, expr, title, kind="stat", width=4, height=4, **more)


DONE = "messaging_process_duration_seconds_count"
WELL, FAILED = 'error_type=""', 'error_type!=""'
PROCESS, HANDLER = "messaging_process_duration_seconds", "nodesmith_handler_duration_seconds"
SEND = "messaging_client_operation_duration_seconds"
BY = "nodesmith_domain, nodesmith_node"

ROWS = (
    Row(
        title="Now",
        panels=(
            _stat("Instances scraped", f"sum({_of('up')})"),
            _stat("Commands", f"sum({_rate(DONE)})", unit="reqps"),
            _stat(
                "Failed",
                f"(sum({_rate(DONE, FAILED)}) or vector(0)) / sum({_rate(DONE)})",
                unit="percentunit",
                worst=0.05,
            ),
            _stat("p99", _quantile(0.99, PROCESS), unit="s"),
            _stat("Lag", f"sum({_of('nodesmith_consumer_lag_messages')})", worst=1000),
            _stat(
                "Dead letters",
                f"sum(increase({_of('nodesmith_dead_letters_total')}[$__range]))",
                description="In the time that is shown.",
                worst=1,
            ),
        ),
    ),
    Row(
        title="Commands",
        panels=(
            Panel(
                title="Commands by outcome",
                unit="reqps",
                stacked=True,
                description="Records whose whole way is done, those of events among them.",
                queries=(
                    Query(expr=f"sum({_rate(DONE, WELL)})", legend="completed"),
                    Query(expr=f"sum by (error_type) ({_rate(DONE, FAILED)})", legend="{{error_type}}"),
                ),
            ),
            _one("Commands by node", f"{BY_NODE} ({_rate(DONE)})", NODE, unit="reqps"),
            _one(
                "Errors by operation",
                f"sum by ({BY}, operation, error_type) ({_rate('nodesmith_commands_failed_total')})",
                NODE + " {{operation}} {{error_type}}",
                unit="reqps",
            ),
        ),
    ),
    Row(
        title="Latency",
        panels=(
            Panel(
                title="The whole way of a command",
                unit="s",
                description="From taking up a record to the acknowledgement of its answer, retries and waiting included.",
                queries=tuple(
                    Query(expr=_quantile(share, PROCESS), legend=f"p{round(share * 100)}")
                    for share in (0.5, 0.99)
                ),
            ),
            _one("p99 by node", _quantile(0.99, PROCESS, BY), NODE, unit="s"),
            Panel(
                title="Handler alone, and the broker's answer",
                unit="s",
                queries=(
                    Query(expr=_quantile(0.99, HANDLER), legend="handler p99"),
                    Query(expr=_quantile(0.99, SEND), legend="broker p99"),
                ),
            ),
        ),
    ),
    Row(
        title="Work that waits, and what went wrong",
        panels=(
            Panel(
                title="In flight and waiting",
                queries=(
                    Query(expr=f"sum({_of('nodesmith_commands_in_flight')})", legend="in flight"),
                    Query(expr=f"sum({_of('nodesmith_commands_waiting')})", legend="taken, not begun"),
                ),
            ),
            _one(
                "Lag",
                f"{BY_NODE} ({_of('nodesmith_consumer_lag_messages')})",
                NODE,
                description="Records that are not committed: what is worked on, and what has not been taken yet.",
            ),
            _one(
                "Waits for a dependency",
                f"max by ({BY}, dependency) ({_of('nodesmith_circuit_open')})",
                NODE + " {{dependency}}",
                description="1 while commands wait for a dependency that is down.",
            ),
            _one(
                "Retries",
                f"sum by ({BY}, error_type) ({_rate('nodesmith_commands_retried_total')})",
                NODE + " {{error_type}}",
                unit="reqps",
            ),
            _one(
                "Dead letters",
                f"sum by ({BY}, error_type) ({_rate('nodesmith_dead_letters_total')})",
                NODE + " {{error_type}}",
                unit="reqps",
            ),
            _one(
                "Answered again",
                f"{BY_NODE} ({_rate('nodesmith_commands_answered_again_total')})",
                NODE,
                unit="reqps",
                description="Commands that came again and were answered from the record of their answer.",
            ),
        ),
    ),
    Row(
        title="Bus and outbox",
        panels=(
            _one(
                "Instances by how they are to the bus",
                f"sum by (state) ({_of('nodesmith_bus_state')})",
                "{{state}}",
                stacked=True,
            ),
            _one(
                "Instances by state",
                f"sum by (state) ({_of('nodesmith_node_state')})",
                "{{state}}",
                stacked=True,
            ),
            Panel(
                title="Records",
                unit="reqps",
                queries=(
                    Query(expr=f"sum({_rate('messaging_client_consumed_messages_total')})", legend="taken"),
                    Query(expr=f"sum({_rate('messaging_client_sent_messages_total')})", legend="sent"),
                ),
            ),
            _one("Records in the outbox", f"{BY_NODE} ({_of('nodesmith_outbox_messages')})", NODE),
            _one(
                "Age of the oldest in the outbox",
                f"max by ({BY}) ({_of('nodesmith_outbox_oldest_age_seconds')})",
                NODE,
                unit="s",
            ),
            Panel(
                title="Outbox full, or not written",
                unit="reqps",
                queries=(
                    Query(expr=f"sum({_rate('nodesmith_outbox_full_total')})", legend="turned away"),
                    Query(
                        expr=f"sum({_rate('nodesmith_outbox_write_failures_total')})",
                        legend="writes that failed",
                    ),
                ),
            ),
        ),
    ),
    Row(
        title="Processes",
        panels=(
            _one(
                "Processor",
                f"{BY_NODE} ({_rate('process_cpu_seconds_total')})",
                NODE,
                unit="percentunit",
                width=12,
            ),
            _one(
                "Memory", f"{BY_NODE} ({_of('process_resident_memory_bytes')})", NODE, unit="bytes", width=12
            ),
        ),
    ),
    Row(
        title="Registry and Consul (all nodes)",
        panels=(
            _one(
                "Instances by state",
                "sum by (instance, state) (nodesmith_registry_instances)",
                "{{instance}} {{state}}",
            ),
            _one(
                "Nodes by state",
                "sum by (instance, state) (nodesmith_registry_nodes)",
                "{{instance}} {{state}}",
            ),
            _one(
                "Records that were not believed",
                f"sum by (instance, reason) (rate(nodesmith_registry_ignored_sightings_total{RATE}))",
                "{{instance}} {{reason}}",
                unit="reqps",
            ),
            Panel(
                title="What it hears",
                unit="reqps",
                queries=(
                    Query(
                        expr=f"sum by (instance) (rate(nodesmith_registry_read_records_total{RATE}))",
                        legend="{{instance}} records",
                    ),
                ),
            ),
            Panel(
                title="What wants attention",
                queries=tuple(
                    Query(expr=f"nodesmith_registry_{name}", legend="{{instance}} " + name)
                    for name in ("conflicts", "unknown", "backlog")
                ),
            ),
            Panel(
                title="Bus heard, Consul in step",
                description="1 where it is so; Consul's line is there where the registry shows nodes in Consul.",
                queries=(
                    Query(expr="nodesmith_registry_bus_up", legend="{{instance}} bus"),
                    Query(expr="nodesmith_registry_consul_in_step", legend="{{instance}} Consul"),
                ),
            ),
        ),
    ),
)
