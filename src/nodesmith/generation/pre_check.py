"""Stage 3: what can be known to be in the way before anything is made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, GateError, HandlerNotImplementedError
from nodesmith.spec.model import Archetype

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from nodesmith.contract.node_contract import NodeContract
    from nodesmith.generation.rendering import Templates

STAGE = "3"

# The longest name of a file or folder that common file systems take.
LONGEST_NAME = 255


def pre_check(
    node: NodeContract, templates: Templates, target: Path, *, others: Container[str], writes: bool = True
) -> None:
    """Raise GateError where a node's names, its templates or the target folder would stop it later.

    `others` are the folders of the nodes that are written together with this one, as `casefold` makes them. Only to look,
    a target that cannot be written to is as good as any.
    """
    findings = (
        *_name_findings(node, others),
        *_template_findings(node, templates),
        *_target_findings(target, writes=writes),
    )
    if findings:
        raise GateError(
            f"{node.folder} cannot be generated into {target}", stage=STAGE, findings=findings,
            fix="change what the findings name; nothing was written",
        )  # fmt: skip


def _name_findings(node: NodeContract, others: Container[str]) -> Iterator[Finding]:
    if node.folder.casefold() in others:
        message = f"two nodes would both be written to {node.folder}"
        yield Finding(rule="name-collision", message=message, fix="rename one of them")
    for operation in node.handlers:
        if operation.handler_class == HandlerNotImplementedError.__name__:
            message = f"the operation '{operation.name}' would take the name of {operation.handler_class}"
            yield Finding(rule="reserved-name", message=message, fix="choose another name")


def _template_findings(node: NodeContract, templates: Templates) -> Iterator[Finding]:
    archetype = node.spec.archetype
    needed = [f"{archetype}/node.py.j2", f"{archetype}/handler.py.j2"]
    if archetype is Archetype.EFFECT:
        needed.append(f"{archetype}/resources_{node.adapter or 'none'}.py.j2")
    for name in needed:
        if not templates.has(name):
            yield Finding(
                rule="template", message=f"there is no template {name}", fix="install nodesmith again"
            )


def _target_findings(target: Path, *, writes: bool) -> Iterator[Finding]:
    fix = "choose another with -o"
    try:
        folder = next(place for place in (target, *target.absolute().parents) if os.path.lexists(place))
        is_folder = folder.is_dir()
    except (OSError, ValueError) as error:
        yield Finding(rule="target", message=f"cannot be a folder: {error}", file=str(target), fix=fix)
        return
    if not is_folder:
        yield Finding(rule="target", message="is no folder", file=str(folder), fix=fix)
    elif writes and not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(rule="target", message="is not writable", file=str(folder), fix=fix)
    elif too_long := next((part for part in target.parts if len(os.fsencode(part)) > LONGEST_NAME), ""):
        yield Finding(
            rule="target", message=f"{too_long[:40]}... is too long for a folder", file=str(target), fix=fix
        )
