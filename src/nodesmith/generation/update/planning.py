"""The plan: what is to become of every file of every unit, from reading alone; nothing is written here."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nodesmith.errors import Finding, LockError
from nodesmith.generation.transaction import sha256
from nodesmith.generation.update.changes import NO_CHOICES, Action, Change, Plan, UnitPlan
from nodesmith.generation.update.deciding import Situation, decide, in_the_way
from nodesmith.generation.update.disk import Disk
from nodesmith.generation.update.gone import ONE_PLACE, caches_left_behind, decide_gone, move_along
from nodesmith.generation.update.line_ends import read_style
from nodesmith.generation.update.lock import LOCK, Lock, LockUnreadableError, load, pristine_path
from nodesmith.generation.update.moves import find_moves, locate
from nodesmith.generation.update.records import record_changes
from nodesmith.generation.update.restoring import Restored
from nodesmith.generation.update.systems import (
    SYSTEM,
    is_another_system,
    left_by_system,
    nodes_gone,
    of_another_system,
)
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

    from nodesmith.generation.files import GeneratedFile, NodeFiles
    from nodesmith.generation.update.changes import Choices, Resolution
    from nodesmith.generation.update.deciding import Outcome
    from nodesmith.generation.update.lock import Entry
    from nodesmith.generation.update.moves import Moves


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the person asked for."""

    conflict: Resolution | None
    restored: Restored


def plan(
    files: Mapping[str, NodeFiles],
    target: Path,
    choices: Choices = NO_CHOICES,
    *,
    templates: str,
    recovered: str = "",
) -> Plan:
    """Return what becomes of every file of every unit under `target`; `templates` is their digest.

    Raises LockError for locks that cannot be read, and InputError for a path to be restored that was not deleted.
    """
    restored = Restored(target=target, wanted=choices.restore, units=tuple(files))
    asked = _Asked(conflict=choices.conflict, restored=restored)
    unreadable: list[Finding] = []
    units: list[UnitPlan] = []
    for unit, made in files.items():
        nodes = tuple(sorted(files.keys() - {SYSTEM})) if unit == SYSTEM else ()
        known = Lock(templates=templates, spec=spec_digest(unit, files), nodes=nodes)
        try:
            units.append(_plan_unit(Disk(target=target, unit=unit), made, known, asked))
        except LockUnreadableError as error:
            unreadable.append(error.finding)
    if unreadable:
        raise LockError(
            f"{len(unreadable)} lock{'s' if len(unreadable) > 1 else ''} under {target} cannot be used; nothing was written",
            findings=tuple(unreadable),
            fix="do what each finding says, and generate again",
        )
    restored.check()
    return Plan(units=tuple(units), recovered=recovered)


def spec_digest(unit: str, files: Mapping[str, NodeFiles]) -> str:
    """Return the SHA-256 of the spec that a unit is made from: its own, or for the system all nodes'."""
    units = [unit] if unit != SYSTEM else sorted(files)
    texts = (files[name]["node.yaml"].text for name in units if "node.yaml" in files[name])
    return sha256("\0".join(texts).encode())


def _plan_unit(disk: Disk, files: NodeFiles, known: Lock, asked: _Asked) -> UnitPlan:
    lock = None if disk.is_blocked else _read_lock(disk)
    gone = nodes_gone(disk, lock, known.nodes)
    if is_another_system(lock, gone):
        return UnitPlan(unit=disk.unit, changes=tuple(of_another_system(files, gone)))
    locked = lock.files if lock else {}
    moves = find_moves(files, locked, disk)
    outcomes = {path: _decide(disk, moves, path, file, locked, asked) for path, file in files.items()}
    now = replace(
        known, files={path: outcome.entry for path, outcome in outcomes.items() if outcome.entry is not None}
    )
    pristine = {path: outcome.pristine for path, outcome in outcomes.items() if outcome.pristine is not None}
    changes = [change for outcome in outcomes.values() for change in (outcome.change, *outcome.beside)]
    changes += _others(disk, moves, files, locked, taken={change.path for change in changes})
    changes += [left_by_system(node) for node in gone]
    records: tuple[Change, ...] = ()
    if not any(change.action is Action.CONFLICT for change in changes):
        caches = caches_left_behind(disk, moves)
        records = (*caches, *record_changes(disk, lock, now, pristine, moves.origins))
    changes.sort(key=lambda change: change.path)
    return UnitPlan(unit=disk.unit, changes=tuple(changes), records=records)


def _others(
    disk: Disk, moves: Moves, files: NodeFiles, locked: Mapping[str, Entry], *, taken: Container[str]
) -> Iterator[Change]:
    """Yield what becomes of files that are not made: any more, or ever; none of them goes to a place that is `taken`."""
    made = {moves.origins.get(path, path) for path in files}
    for path in locked.keys() - made:
        if change := decide_gone(disk, moves, path, locked[path], taken=taken):
            yield change
    for path in moves.own:
        yield move_along(disk, moves, path, taken=taken)


def _read_lock(disk: Disk) -> Lock | None:
    found, file = disk.look(LOCK), str(disk.root / LOCK)
    if found.obstacle:
        fix = "put the lock back as a plain file, or remove what stands in its place"
        raise LockUnreadableError(Finding(rule="lock", message=found.obstacle, file=file, fix=fix))
    return None if found.data is None else load(found.data, file=file)


def _decide(
    disk: Disk, moves: Moves, path: str, file: GeneratedFile, locked: Mapping[str, Entry], asked: _Asked
) -> Outcome:
    source = moves.origins.get(path, path)
    entry = locked.get(source)
    place = locate(disk, moves, path)
    is_deleted = place.found.is_missing and entry is not None
    situation = Situation(
        path=path, file=file, found=place.found, entry=entry, origin=place.origin, moves=moves,
        base=partial(_base, disk, source, entry), look=disk.look, choice=asked.conflict,
        is_restored=is_deleted and asked.restored.covers(disk.unit, (path, source)),
    )  # fmt: skip
    if place.obstacle:
        return in_the_way(situation, place.obstacle, ONE_PLACE)
    outcome = decide(situation)
    if place.copy:
        copy = Change(path=place.copy, action=Action.REMOVE, owner=file.owner, before=place.found.data)
        return replace(outcome, beside=(*outcome.beside, copy))
    return outcome


def _base(disk: Disk, path: str, entry: Entry | None) -> bytes | None:
    """Return the text that nodesmith wrote last, or None where it is not kept as it was."""
    data = disk.look(pristine_path(path)).data
    if data is None or entry is None:
        return None
    # A checkout may have given it other line ends.
    texts = (data, read_style(data, made=b"")[1])
    return next((text for text in texts if sha256(text) == entry.sha), None)
