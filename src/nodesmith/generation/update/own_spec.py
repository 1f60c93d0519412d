"""A node's own `node.yaml`, which a person may edit and give back as the spec: it then says already what is made of it."""

from __future__ import annotations

SPEC = "node.yaml"


def says_the_same(text: bytes, made: bytes) -> bool:
    """Tell whether a spec, comments and layout aside, says what `made` says, which is as nodesmith writes it."""
    from nodesmith.spec.findings import Findings
    from nodesmith.spec.tree import plain
    from nodesmith.spec.writing import to_yaml
    from nodesmith.spec.yaml_tree import read_yaml

    findings = Findings()
    reading = read_yaml(text, file=SPEC, findings=findings)
    if findings or reading.tree is None or not reading.complete:
        return False
    try:
        return to_yaml(plain(reading.tree)).encode() == made
    except (TypeError, ValueError):  # of what YAML can say, and no spec can be
        return False
