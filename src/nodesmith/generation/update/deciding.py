"""What becomes of one file that nodesmith makes: what it last wrote, what is there now and what it makes, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.generation.files import Owner
from nodesmith.generation.transaction import sha256
from nodesmith.generation.update.changes import Action, Change
from nodesmith.generation.update.conflicts import Decision, decide_merge, decide_without_base
from nodesmith.generation.update.line_ends import Style, read_style
from nodesmith.generation.update.lock import Entry
from nodesmith.generation.update.merging import holds_markers
from nodesmith.generation.update.own_spec import SPEC, says_the_same
from nodesmith.generation.update.sections import has_sections, written_once
from nodesmith.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nodesmith.generation.files import GeneratedFile
    from nodesmith.generation.update.changes import Resolution
    from nodesmith.generation.update.disk import Found
    from nodesmith.generation.update.moves import Moves

RUN_BITS = 0o111
MARKERS_LEFT = "still holds the markers of an earlier merge"
RESOURCES = "/resources.py"
OTHER_NOW = "stays as you have it, though nodesmith would write another now: move it away and --restore it to see that"
TAKEN_OVER = "was there already and stays as it is: nodesmith takes it for the one it would have written"
RESOLVE = "edit the file until no marker is left, and generate again: no --conflict does that"
OBSTACLE = "move away what is in the way, or make it readable for you, and generate again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One file: what nodesmith makes (`file`), what it wrote last (`entry`, `base`), and what is there (`found`).

    `origin` is where it is there, which is `path` unless it moves; `base` reads the text that was
    written last, `look` any other place.
    """

    path: str
    file: GeneratedFile
    found: Found
    entry: Entry | None
    origin: str
    base: Callable[[], bytes | None]
    look: Callable[[str], Found]
    moves: Moves
    choice: Resolution | None = None
    is_restored: bool = False

    @property
    def is_moved(self) -> bool:
        """Say whether the file is in another place than it will be."""
        return self.origin != self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a file, how the lock knows it from now on, and the text to keep for later merges.

    Without `pristine` the text that is kept already stays; `beside` are other files that change with it.
    """

    change: Change
    entry: Entry | None
    pristine: bytes | None = None
    beside: tuple[Change, ...] = ()


def decide(situation: Situation) -> Outcome:
    """Return what becomes of a file."""
    if situation.found.obstacle:
        return in_the_way(situation, situation.found.obstacle, OBSTACLE)
    if situation.found.is_missing:
        return _decide_missing(situation)
    if situation.file.owner is Owner.SEEDED:
        return _decide_seeded(situation)
    return _decide_shared(situation)


def in_the_way(situation: Situation, detail: str, fix: str) -> Outcome:
    """Return a conflict that no choice resolves."""
    change = Change(
        path=situation.path, action=Action.CONFLICT, owner=situation.file.owner, detail=detail, fix=fix
    )
    return Outcome(change=change, entry=situation.entry)


def _decide_missing(situation: Situation) -> Outcome:
    made, entry = _made(situation), situation.entry
    if entry is not None and not situation.is_restored:
        change = Change(path=situation.path, action=Action.DELETED, owner=situation.file.owner)
        return Outcome(change=change, entry=entry)
    action = Action.CREATE if entry is None else Action.RESTORE
    return _outcome(situation, Decision(action=action, text=made), made=made)


def _decide_seeded(situation: Situation) -> Outcome:
    """Keep a file that is the person's; the lock remembers what it was at first.

    Handlers are held to what they are called with by their types. Nothing holds resources to the spec's adapter, so that
    a person is told, once, when nodesmith would write others.
    """
    made, entry = situation.file.text.encode(), situation.entry
    _, plain = read_style(_data(situation), made=made)
    seed = entry.sha if entry else sha256(made)
    detail = ""
    if entry is None and plain != made:
        detail = TAKEN_OVER
    elif seed != sha256(made) and situation.path.endswith(RESOURCES) and plain != made:
        seed, detail = sha256(made), OTHER_NOW
    known = Entry(owner=Owner.SEEDED, executable=situation.file.executable, sha=seed)
    action = Action.UNCHANGED if sha256(plain) == seed else Action.KEEP
    outcome = _outcome(situation, Decision(action=action, detail=detail), made=made)
    return Outcome(change=outcome.change, entry=known)


def _decide_shared(situation: Situation) -> Outcome:
    made, entry = _made(situation), situation.entry
    data = _data(situation)
    if data == made:
        return _outcome(situation, Decision(action=Action.UNCHANGED), made=made)
    style, plain = read_style(data, made=made)
    if plain == made:
        decision = Decision(action=Action.UNCHANGED)
    elif entry is not None and sha256(plain) == entry.sha:
        decision = Decision(action=Action.UPDATE, text=made)
    elif situation.path == SPEC and says_the_same(plain, made):
        decision = Decision(action=Action.KEEP)
    elif entry is None:
        decision = decide_without_base(
            plain, made, situation.choice, reason="is in the way: it is there already, and not by nodesmith"
        )
    elif holds_markers(plain) and not holds_markers(made):
        return in_the_way(situation, MARKERS_LEFT, RESOLVE)
    else:
        decision = _decide_edited(situation, plain, made, entry)
    return _outcome(situation, decision, made=made, style=style)


def _decide_edited(situation: Situation, plain: bytes, made: bytes, entry: Entry) -> Decision:
    if sha256(made) == entry.sha:
        return Decision(action=Action.KEEP)
    base = situation.base()
    if base is None:
        reason = "was changed by you, and what nodesmith wrote before is not there any more to merge from"
        return decide_without_base(plain, made, situation.choice, reason=reason)
    return decide_merge(situation.path, base, plain, made, situation.choice)


def _made(situation: Situation) -> bytes:
    """Return what nodesmith makes of a file, without what of it is written only once."""
    made, entry = situation.file.text.encode(), situation.entry
    if situation.file.owner is not Owner.MERGED or entry is None or not has_sections(made):
        return made
    base = situation.base() if sha256(made) != entry.sha else None
    return made if base is None else written_once(made, situation.moves.renamed(base))


def _outcome(
    situation: Situation,
    decision: Decision,
    *,
    made: bytes,
    style: Style = Style(),  # noqa: B008 - frozen
) -> Outcome:
    action, before = decision.action, situation.found.data
    after = before if decision.text is None else style.apply(decision.text)
    executable, mode = _mode(situation)
    if action in (Action.UNCHANGED, Action.KEEP) and not situation.is_moved:
        if executable == situation.found.is_executable:
            before = after = None
        else:
            action = Action.UPDATE
    elif action in (Action.UNCHANGED, Action.KEEP):
        action = Action.MOVE
    change = Change(
        path=situation.path, action=action, owner=situation.file.owner, before=before, after=after,
        was_executable=situation.found.is_executable, executable=executable, mode=mode, moved_from=situation.origin if situation.is_moved else "",
        detail=decision.detail or _old_names(situation, action, after, made), fix=decision.fix,
    )  # fmt: skip
    if action is Action.CONFLICT:
        return Outcome(change=change, entry=situation.entry)
    entry = Entry(owner=situation.file.owner, executable=situation.file.executable, sha=sha256(made))
    return Outcome(
        change=change, entry=entry, pristine=made, beside=tuple(_rejected(situation, decision, style))
    )


def _rejected(situation: Situation, decision: Decision, style: Style) -> Iterator[Change]:
    """Yield the file that a rejected text is put into, unless one of an earlier run is still there."""
    if decision.rejected is None:
        return
    after = style.apply(decision.rejected)
    path = f"{situation.path}.rej"
    there = situation.look(path)
    if there.is_missing:
        yield Change(path=path, action=Action.CREATE, after=after)
    elif there.data != after:
        detail, fix = "is left from an earlier run", "remove it where it is done with, and generate again"
        yield Change(path=path, action=Action.CONFLICT, detail=detail, fix=fix)


def _old_names(situation: Situation, action: Action, after: bytes | None, made: bytes) -> str:
    """Say where a person's lines speak of a version's folder that has another name now."""
    moves, text = situation.moves, after or situation.found.data or b""
    is_yours = action in (Action.MOVE, Action.MERGE, Action.KEEP) and not moves.still_names_old(made)
    return f"still names {moves.old}" if is_yours and moves.still_names_old(text) else ""


def _mode(situation: Situation) -> tuple[bool, int | None]:
    """Return whether a file can be run, and its mode where it has one: a person's run bit is kept, else nodesmith's counts."""
    found, wanted, entry = situation.found, situation.file.executable, situation.entry
    if found.data is None:
        return wanted, None
    if entry is None or entry.executable == wanted or found.is_executable != entry.executable:
        return found.is_executable, found.mode
    # Whoever may read it may run it, as `chmod +x` has it under an ordinary umask.
    return wanted, (found.mode | (found.mode >> 2) & RUN_BITS if wanted else found.mode & ~RUN_BITS)


def _data(situation: Situation) -> bytes:
    assert situation.found.data is not None, "looked at before"
    return situation.found.data
