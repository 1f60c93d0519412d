"""Who is in a system: finds the node and the operation a reference means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.naming import event_domain
from nodesmith.records import dataclass
from nodesmith.spec.model import Archetype, FieldSpec, OperationRef, OperationSpec
from nodesmith.spec.operations import STATE_QUERY, operations_of, ref_text
from nodesmith.spec.tree import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nodesmith.spec.findings import Findings
    from nodesmith.spec.node import ReadNode
    from nodesmith.spec.tree import Place, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a reference leads to: a node of the system and its operation, as their file has them."""

    node: ReadNode
    operation: OperationSpec

    @property
    def ref(self) -> OperationRef:
        """Return the reference with the node's own domain."""
        spec = self.node.spec
        return OperationRef(node=spec.name, operation=self.operation.name, domain=spec.domain)

    def where(self) -> str:
        """Return the operation's name and where it stands."""
        return f"{ref_text(self.ref)} ({self.place()})"

    def place(self) -> Place:
        """Return where the operation stands in its file."""
        if self.node.spec.archetype is not Archetype.REDUCER:
            return self.node.tree.at("operations", self.operation.name).key
        part = "state" if self.operation.name == STATE_QUERY else "events"
        return self.node.tree.at(part, self.operation.name).key

    def output_place(self, field: FieldSpec) -> Place:
        """Return where a field of the operation's output stands."""
        if self.node.spec.archetype is Archetype.REDUCER:
            return self.node.tree.at("state", "fields", field.name).key
        return self.node.tree.at("operations", self.operation.name, "output", field.name).key


@dataclass(frozen=True, slots=True)
class External:
    """What a reference leads to outside the system: nothing is known of it but its name."""

    ref: OperationRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The nodes that are checked together.

    A reference without a domain means a node of one's own domain, or in a system the only node of that name. To a
    node that was read alone, every node that is not here is outside; to a node of a system, a node is outside where
    the reference names a domain that no node here has.
    """

    by_name: Mapping[str, Sequence[ReadNode]]
    domains: frozenset[str]

    @classmethod
    def of(cls, nodes: Iterable[ReadNode]) -> Directory:
        """Return a directory of `nodes`."""
        by_name: dict[str, list[ReadNode]] = {}
        domains = set()
        for node in nodes:
            by_name.setdefault(node.spec.name, []).append(node)
            domains.add(event_domain(node.spec.domain))
        return cls(by_name=by_name, domains=frozenset(domains))

    def find(
        self, ref: OperationRef, tree: Tree, asker: ReadNode, findings: Findings
    ) -> Target | External | None:
        """Return what `ref`, standing at `tree` in the file of `asker`, means; None after a finding."""
        named = list(self.by_name.get(ref.node, ()))
        if ref.domain or asker.is_alone:
            domain = event_domain(ref.domain or asker.spec.domain)
            named = [n for n in named if event_domain(n.spec.domain) == domain]
        elif len(named) > 1:
            named = [n for n in named if n.spec.domain == asker.spec.domain] or named
        if not named:
            return self._outside(ref, tree, asker, findings)
        if len(named) > 1:
            domains = " and ".join(sorted(f"'{event_domain(n.spec.domain)}' ({n.tree.key})" for n in named))
            message = f"there is a node '{ref.node}' in the domains {domains}"
            findings.add("ambiguous", message, tree.place, f"write domain/{ref_text(ref)}")
            return None
        return _operation_of(named[0], ref, tree, asker, findings)

    def _outside(self, ref: OperationRef, tree: Tree, asker: ReadNode, findings: Findings) -> External | None:
        if asker.is_alone or (ref.domain and event_domain(ref.domain) not in self.domains):
            domain = ref.domain or asker.spec.domain
            return External(OperationRef(node=ref.node, operation=ref.operation, domain=domain))
        names = [name for name in self.by_name if name != asker.spec.name]
        inside = f" in the domain '{ref.domain}'" if ref.domain else ""
        message = f"the system has no node {shown(ref.node)}{inside}"
        findings.add("unknown-reference", message, tree.place, findings.near(ref.node, names))
        return None


def _operation_of(
    node: ReadNode, ref: OperationRef, tree: Tree, asker: ReadNode, findings: Findings
) -> Target | None:
    if node.tree is asker.tree:
        message = f"the node '{ref.node}' refers to itself"
        findings.add("self-reference", message, tree.place, "name another node")
        return None
    operations = {operation.name: operation for operation in operations_of(node.spec)}
    if ref.operation not in operations:
        message = f"{ref.node} ({node.tree.key}) has no operation {shown(ref.operation)}"
        findings.add("unknown-reference", message, tree.place, findings.near(ref.operation, list(operations)))
        return None
    if not node.spec.event_bus:
        message = f"{ref.node} ({node.tree.key}) is not on the event bus"
        findings.add("not-on-the-bus", message, tree.place, f"add 'event_bus: true' to {ref.node}")
    return Target(node=node, operation=operations[ref.operation])
