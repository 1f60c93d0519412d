"""What a text says of failures: that what was done is undone, and by which operation that may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodesmith.spec.sentence.text import Text

MAX_CLAUSE = 14

_UNDOES = frozenset(
    "undo undoes undoing undone compensate compensates compensating compensation compensations rollback rollbacks revert reverts "
    "unwind unwinds reverse reverses backout".split()
)
_TAKES_BACK = frozenset(
    "cancel cancels cancelling refund refunds release releases delete deletes roll rolls back give gives".split()
)
_FAILURES = frozenset("fail fails failing failure failures failed error errors wrong otherwise".split())
# What takes back what.
_OPPOSITES = {
    "reserve": "release", "book": "cancel", "order": "cancel", "schedule": "cancel", "charge": "refund", "pay": "refund",
    "create": "delete", "add": "remove", "open": "close", "block": "unblock", "lock": "unlock", "store": "delete",
    "save": "delete", "insert": "delete", "upload": "delete", "debit": "credit",
    "credit": "debit", "deposit": "withdraw", "withdraw": "deposit", "rent": "return", "assign": "unassign",
    "allocate": "release", "start": "stop", "provision": "deprovision", "deploy": "roll_back", "enrol": "unenrol",
    "activate": "deactivate", "subscribe": "unsubscribe", "grant": "revoke", "issue": "revoke", "hold": "release",
    "authorize": "void", "capture": "refund", "install": "uninstall", "publish": "unpublish", "write": "delete",
    "take": "refund", "collect": "refund", "attach": "detach", "enable": "disable", "launch": "stop",
}  # fmt: skip
_ONLY_MONEY = frozenset(["take", "collect", "capture"])


def says_undo(text: Text) -> bool:
    """Whether the text says that what was done is taken back."""
    return any(is_undoing(text, index) for index in range(len(text.tokens)))


def is_undoing(text: Text, index: int) -> bool:
    """Whether the word at `index` begins what is done only when something fails: `and cancels all if one fails`."""
    if text.low(index) in _UNDOES or text.lows(index, 2) in (
        ("roll", "back"),
        ("rolls", "back"),
        ("rolling", "back"),
    ):
        return True
    failing = (
        text.low(index) in ("if", "on", "when", "whenever", "in", "should") or text.low(index) in _TAKES_BACK
    )
    begins = text.starts_clause(index) or text.low(index - 1) in ("and", "or", "then", "but", "that")
    if not (failing and begins):
        return False
    return any(text.low(at) in _FAILURES for at in range(index, _sentence_end(text, index)))


def _sentence_end(text: Text, index: int) -> int:
    ends = (at for at in range(index, index + MAX_CLAUSE) if text.low(at) in (".", ";", "\n", "->", ""))
    return next(ends, index + MAX_CLAUSE)


def opposite(verb: str, thing: tuple[str, ...]) -> str:
    """Return the verb that takes back what `verb` did, or an empty string where nobody knows."""
    if verb in _ONLY_MONEY and thing[-1:] not in (("payment",), ("money",), ("fee",), ("deposit",)):
        return ""
    return _OPPOSITES.get(verb, "")
