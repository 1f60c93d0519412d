"""Fields of an operation where a sentence names none: as people would write them for such a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodesmith.records import dataclass
from nodesmith.spec.sentence.field_types import known_type
from nodesmith.spec.sentence.identifiers import field_name
from nodesmith.spec.sentence.words import plural, singular, verbs

if TYPE_CHECKING:
    from nodesmith.spec.sentence.things import NamedOperation

Fields = dict[str, object]

_SEVERAL = frozenset(["list", "search", "find", "query", "export"])
_READS = frozenset(
    "read get fetch query load download look_up lookup retrieve find poll pull scrape crawl restore".split()
)
_TAKES_OVER = frozenset("import sync synchronize migrate replicate ingest".split())
_ASKS = frozenset("call ask request talk access contact hit connect integrate".split())
_SENDS = frozenset(
    "send mail email notify text message deliver send_out inform alert remind warn page".split()
)
_EMITS = frozenset(
    "publish emit broadcast announce forward relay stream transmit enqueue pass_on dispatch submit post push report".split()
)
_WRITES = frozenset(
    "write create insert update upsert store save persist put append record add index register log".split()
)
_FILES_MOVED = _WRITES | frozenset(["upload", "archive", "backup", "back_up", "print", "copy"])
_CHECKS = frozenset("validate check verify compare ensure enforce assert".split())
_RATES = frozenset(["score", "rate", "rank", "weigh", "assess", "grade", "evaluate"])
_CLASSIFIES = frozenset(
    "classify categorize label tag detect recognize triage distinguish decide infer predict judge".split()
)
# What these act on is what comes out.
_MAKES = frozenset(
    "calculate compute determine estimate derive generate predict tell decide infer work_out figure_out quote produce find extract "
    "forecast recalculate recommend suggest approximate compose build create guess interpolate deduce choose".split()
)
_NUMERIC = frozenset(
    "calculate compute estimate add sum multiply work_out price recalculate forecast approximate subtract".split()
)
_MONEY = frozenset("charge refund pay transfer debit credit bill deposit withdraw pay_out wire".split())
_DONE = {
    "write": "written", "insert": "inserted", "send": "sent", "store": "stored", "save": "saved", "publish": "published",
    "charge": "charged", "mail": "sent", "email": "sent", "notify": "notified", "persist": "stored", "upsert": "stored",
    "put": "written", "pay": "paid", "transfer": "transferred", "submit": "submitted", "sync": "synced", "synchronize": "synced", "migrate": "migrated", "replicate": "replicated", "ingest": "ingested",
    "report": "reported", "push": "pushed", "text": "sent",
    "message": "sent", "ship": "shipped", "cancel": "cancelled", "print": "printed", "log": "logged",
    "import": "imported", "add": "added", "post": "posted", "book": "booked", "lock": "locked", "block": "blocked",
    "send_out": "sent", "alert": "alerted", "deliver": "delivered", "create": "created", "update": "updated",
    "delete": "deleted", "remove": "removed", "reserve": "reserved", "archive": "archived", "upload": "uploaded",
    "refund": "refunded", "register": "registered", "revoke": "revoked", "record": "recorded", "forward": "forwarded",
    "issue": "issued", "release": "released", "purge": "purged", "copy": "copied", "restart": "restarted", "close": "closed",
}  # fmt: skip
_MESSAGES: dict[str, Fields] = {
    "mail": {"recipient": "str", "subject": "str", "body": "str"},
    "sms": {"phone_number": "str", "text": "str"},
    "message": {"recipient": "str", "text": "str"},
}
_MESSAGE_KINDS = {
    "email": "mail", "mail": "mail", "newsletter": "mail", "letter": "mail", "sms": "sms", "text": "sms", "message": "message",
    "notification": "message", "alert": "message", "reminder": "message", "notice": "message", "warning": "message",
    "push": "message", "fax": "sms",
}  # fmt: skip
_FILES = frozenset("file image photo picture attachment pdf video blob scan".split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Fields nobody named, and what they are about."""

    inputs: Fields
    outputs: Fields


def guess_fields(operation: NamedOperation, *, archetype: str, noun: str) -> Guess:
    """Return the fields an operation on `noun` most likely has."""
    if archetype == "compute":
        return Guess(inputs=_compute_input(operation, noun), outputs=_compute_output(operation, noun))
    return Guess(inputs=_effect_input(operation, noun), outputs=_effect_output(operation, noun))


def _last(noun: str) -> str:
    return singular(noun.rsplit("_", maxsplit=1)[-1])


def _is_figure(operation: NamedOperation) -> bool:
    """Whether only the name of what comes out is listed: `with operations mean and median`."""
    return operation.verb not in verbs() and operation.at < 0


def _compute_input(operation: NamedOperation, noun: str) -> Fields:
    if _is_figure(operation):
        return {"values": "list[float]"} if known_type(operation.name) == "float" else {"data": "json"}
    if operation.converts:
        source = field_name(operation.converts[0], fallback="value")
        return {source: known_type(source) or "str"}
    if operation.whose:
        owner = field_name("_".join(operation.whose), fallback="value")
        return {owner: known_type(owner) or "json"}
    if operation.verb in _MAKES and not operation.yes_no:
        return {"data": "json"}
    return {noun: known_type(noun) or "json"}


def _compute_output(operation: NamedOperation, noun: str) -> Fields:
    if _is_figure(operation):
        result = field_name(operation.name, fallback="result")
        return {result: known_type(result) or "json"}
    if operation.converts:
        target = field_name(operation.converts[1], fallback="result")
        return {target: known_type(target) or "str"}
    if operation.yes_no:
        return {"result": "bool"}
    if operation.verb in _CHECKS:
        return {"valid": "bool", "reasons": {"type": "list[str]", "default": []}}
    if operation.verb in _RATES:
        return {"score": "float"}
    if operation.verb in _CLASSIFIES - _MAKES:
        return {"label": "str"}
    if operation.verb in _MAKES:
        return {noun: known_type(noun) or ("float" if operation.verb in _NUMERIC else "str")}
    if operation.verb in _NUMERIC:
        kind = known_type(noun)
        return {"result": kind if kind in ("decimal", "int", "float") else "decimal"}
    return {"result": known_type(noun) or "json"}


def _message(operation: NamedOperation, noun: str) -> Fields:
    if operation.verb in ("mail", "email") and _last(noun) not in _MESSAGE_KINDS:
        return {"recipient": "str", "subject": "str", noun: "json"}
    if operation.verb in _SENDS and _last(noun) in _MESSAGE_KINDS:
        return dict(_MESSAGES[_MESSAGE_KINDS[_last(noun)]])
    return {}


def _effect_input(operation: NamedOperation, noun: str) -> Fields:
    identifier = noun if noun.endswith("_id") else field_name(f"{noun}_id", fallback="item_id")
    if message := _message(operation, noun):
        return message
    if _last(noun) in _FILES and operation.verb in _FILES_MOVED:
        return {"file_name": "str", "content": "bytes"}
    if operation.verb == "download" and _last(noun) in _FILES:
        return {"file_name": "str"}
    if operation.verb in _MONEY:
        return {identifier: "str", "amount": "decimal"}
    if operation.verb in _ASKS:
        return {"query": "str"}
    if operation.verb in ("notify", "inform", "alert", "remind", "warn"):
        return {identifier: "str", "text": "str"}
    if operation.verb in _SENDS:
        return {"recipient": "str", noun: known_type(noun) or "json"}
    if operation.verb in _EMITS:
        return {noun: known_type(noun) or "json"}
    if operation.verb in _SEVERAL | _TAKES_OVER or (operation.many and operation.verb in _READS):
        return {"limit": {"type": "int", "default": 100}}
    if operation.verb in _WRITES:
        return {identifier: "str", noun: known_type(noun) or "json"}
    return {identifier: "str"}


def _effect_output(operation: NamedOperation, noun: str) -> Fields:
    if operation.verb in _SEVERAL or (operation.many and operation.verb in _READS):
        words = noun.split("_")
        several = "_".join((*words[:-1], plural(words[-1])))
        return {field_name(several, fallback="items"): "list[json]"}
    if operation.verb in _TAKES_OVER:
        return {_DONE.get(operation.verb, "done"): "int"}
    if operation.verb in _ASKS:
        return {"response": "json"}
    if operation.verb in _READS and _last(noun) in _FILES:
        return {"content": "bytes"}
    if operation.verb in _READS:
        return {noun: known_type(noun) or "json"}
    return {_DONE.get(operation.verb, "done"): "bool"}
