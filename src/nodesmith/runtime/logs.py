"""What a node logs: one line a record, whatever is in it, with the record at hand; for people or as JSON.

`ContextFilter` is for whoever adds a handler of their own: it puts the same facts on every record.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from nodesmith.runtime.handling import current_handling
from nodesmith.runtime.trace_context import trace_and_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HandlerT = TypeVar("HandlerT", bound=logging.Handler)

# What is known of the record at hand, by the names that it has in a line.
CONTEXT = ("correlation_id", "envelope_id", "operation", "trace_id", "span_id")

_MOST_FRAMES = 12
_MOST_CAUSES = 5

uncaught = logging.getLogger("nodesmith.uncaught")


class ContextFilter(logging.Filter):
    """Puts what is known of the record at hand on a log record; what was given by `extra` stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add it, and let the record pass."""
        for name, value in context_at_hand().items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


def context_at_hand() -> dict[str, str]:
    """Return what is known of the record that is worked on here, nothing where none is."""
    handling = current_handling()
    if handling is None:
        return {}
    trace_id, span_id = _current_span() or trace_and_span(handling.traceparent)
    return {
        "correlation_id": str(handling.correlation_id),
        **({"envelope_id": str(handling.envelope_id)} if handling.envelope_id else {}),
        **({"operation": handling.operation} if handling.operation else {}),
        "trace_id": trace_id,
        "span_id": span_id,
    }


def set_up_logging(*, level: str, log_format: str, about: Mapping[str, str]) -> None:
    """Log to standard error, as `console` or `json`, and let everything that would be printed there be logged too.

    `about` has `node`, `instance` and `version`, which every line of JSON carries.
    """
    handler = lines_of(LineHandler(sys.stderr), log_format=log_format, about=about)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_of_thread
    sys.unraisablehook = _log_unraisable


def lines_of(handler: HandlerT, *, log_format: str, about: Mapping[str, str]) -> HandlerT:
    """Return the handler, which now writes our lines."""
    handler.setFormatter(_json_lines(about) if log_format == "json" else ConsoleLines(about))
    handler.addFilter(ContextFilter())
    return handler


class LineHandler(logging.StreamHandler[Any]):
    """Writes lines; a call that cannot be written, as with too few arguments, is a line as well, and not frames."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say which call it was."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError) or not logging.raiseExceptions:
            return  # whoever read it has gone
        words = f"{record.pathname}:{record.lineno}: {record.msg!r} with {record.args!r} cannot be logged: {error!r}"
        record.msg, record.args, record.exc_info = words, (), None
        try:
            self.stream.write(self.format(record) + self.terminator)
            self.flush()
        except Exception:  # noqa: BLE001, S110 - nothing is left to tell it with
            pass


class ConsoleLines(logging.Formatter):
    """Lines for people: the correlation id at the end, an exception with its frames behind the message."""

    def __init__(self, about: Mapping[str, str]) -> None:
        """Show who says it in every line."""
        name = f"{about['node']} {about['instance']}".replace("%", "%%")
        super().__init__(f"%(asctime)s %(levelname)-7s [{name}] %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        line = self.formatMessage(record)
        if record.exc_info and record.exc_info[1] is not None:
            line = f"{line} | {in_one_line(record.exc_info[1])}"
        if record.stack_info:
            line = f"{line} | {record.stack_info}"
        if correlation_id := getattr(record, "correlation_id", ""):
            line = f"{line} correlation_id={correlation_id}"
        return printable(line)


def _json_lines(about: Mapping[str, str]) -> logging.Formatter:
    """Return the formatter of python-json-logger, with our names."""
    # Imported here: most nodes in development log for people.
    from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra
    from pythonjsonlogger.json import JsonFormatter

    class JsonLines(JsonFormatter):
        def add_fields(
            self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
        ) -> None:
            message_dict.pop("exc_info", None)
            log_data.update(
                timestamp=rfc3339(record.created),
                level=record.levelname,
                logger=record.name,
                message=record.message,
                **about,
            )
            log_data.update({name: getattr(record, name) for name in CONTEXT if hasattr(record, name)})
            if record.exc_info and record.exc_info[1] is not None:
                log_data.update(_exception(record.exc_info[1]))
            more: dict[str, Any] = dict(message_dict)
            merge_record_extra(record, more, reserved=reserved)
            log_data.update({name: value for name, value in more.items() if name not in log_data})

        def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
            try:
                return super().jsonify_log_record(log_data)
            except (ValueError, TypeError, RecursionError):  # something in `extra` that JSON has no word for
                return json.dumps({name: str(value) for name, value in log_data.items()})

    reserved = frozenset({*RESERVED_ATTRS, *CONTEXT, "taskName"})
    return JsonLines(json_serializer=partial(json.dumps, allow_nan=False))


def last_words(message: str, *, fix: str = "") -> None:
    """Tell a person on standard error why a program ends, where it may not have come to logging yet."""
    if os.environ.get("LOG_FORMAT", "").lower() == "json":
        now = rfc3339(datetime.now(UTC).timestamp())
        line = {"timestamp": now, "level": "CRITICAL", "logger": "nodesmith", "message": message}
        print(json.dumps({**line, **({"fix": fix} if fix else {})}), file=sys.stderr)  # noqa: T201
    else:
        print(f"error: {message}" + (f"\n  fix: {fix}" if fix else ""), file=sys.stderr)  # noqa: T201


def rfc3339(seconds: float) -> str:
    """Return a time as `2026-11-25T04:35:01.123456Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def printable(text: str) -> str:
    """Return `text` with everything spelled out that would break a line or that a terminal obeys."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def in_one_line(error: BaseException) -> str:
    """Return an exception with its frames, the innermost first, and what it came of."""
    return "; ".join(f"{'' if first else 'from '}{_with_frames(each)}" for first, each in _chain(error))


def _chain(error: BaseException) -> Iterator[tuple[bool, BaseException]]:
    """Yield an exception and what it came of, and whether it is the first."""
    current: BaseException | None = error
    for number in range(_MOST_CAUSES):
        if current is None:
            return
        yield number == 0, current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _with_frames(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[::-1][:_MOST_FRAMES]
    places = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    words = f"{type(error).__name__}: {error}"
    return f"{words} (at {places})" if places else words


def _exception(error: BaseException) -> dict[str, str]:
    """Return an exception as fields, by the names of OpenTelemetry's."""
    return {
        "exception_type": type(error).__name__,
        "exception_message": str(error),
        "exception_stacktrace": "".join(traceback.format_exception(error)),
    }


def _current_span() -> tuple[str, str] | None:
    """Return the ids of OpenTelemetry's current span, where somebody uses it."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    span = api.get_current_span().get_span_context()
    return (f"{span.trace_id:032x}", f"{span.span_id:016x}") if span.is_valid else None


def _log_uncaught(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
    uncaught.critical("nobody caught an exception", exc_info=error)


def _log_of_thread(facts: threading.ExceptHookArgs) -> None:
    if facts.exc_type is not SystemExit:
        name = facts.thread.name if facts.thread else "a thread"
        uncaught.error("nobody caught an exception in %s", name, exc_info=facts.exc_value)


def _log_unraisable(facts: sys.UnraisableHookArgs) -> None:
    uncaught.error("an exception could not be raised in %r", facts.object, exc_info=facts.exc_value)
