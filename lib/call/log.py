"""The log: what each call began, did, and ended with, and no secret, to a file and to standard output."""

import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from types import MappingProxyType
from typing import Any, TextIO

from lib.call import context
from lib.call.log_file import SharedFile, Stream
from lib.call.masking import shown_name
from lib.settings.settings import Settings

# Ours alone: keystoneauth's own debug log holds tokens, so none of its lines ever reach our handlers.
logger = logging.getLogger("user_handler")

_LINE = "%(asctime)s - [%(levelname)s] (%(module)s) - [%(request_id)s] %(message)s"
# The facts with which the line of an answer begins.
TOLD_IN_MESSAGE = ("function", "status", "milliseconds")
_Kind = tuple[str, int]
"""The function or page that is served at the path, if there is one, and the status of the answer."""
# Characters. What follows in a line of waitress' own is what a caller has sent.
LONGEST_OF_WAITRESS = 100
# A value in a message must not begin a line of its own: these are the C0 and C1 controls and Unicode's line ends. And
# no file takes halves of characters.
ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0xD800, 0xE000))}


def configure(settings: Settings, stream: TextIO | None = None, *, to_file: bool = True) -> bool:
    """Sends our log, and the warnings of waitress, to the file that the settings name, and to standard output.

    `stream` takes the place of standard output. Without `to_file` no file is opened. Returns whether a file that was to
    be opened could be. This may be called again while other threads log: they lose no line.
    """
    handlers: list[logging.Handler] = [Stream(stream or sys.stdout)]
    unwritable = ""
    try:
        handlers += [SharedFile(settings.log_file)] if to_file else []
    except OSError as error:
        unwritable = f"cannot write the log file {settings.log_file}: {error.strerror}; going on without it"
    for handler in handlers:
        handler.setFormatter(_AsJson() if settings.log_format == "json" else _AsLine(_LINE))
        handler.addFilter(_RequestId())
        handler.addFilter(of_waitress)
    for ours, level in ((logger, settings.log_level), (logging.getLogger("waitress"), "WARNING")):
        # A handler that another thread is just using opens its file once more after it was closed.
        before, ours.handlers = ours.handlers, handlers[:]
        for handler in before:
            handler.close()
        ours.setLevel(level)
        ours.propagate = False
    if unwritable:
        with context.outside():
            logger.warning(unwritable)
    return not unwritable


def first_change(step: str) -> None:
    """Writes a line, once for each call, before it may change anything: a process that is killed leaves a trace."""
    this = context.current()
    if this.begun.acquire(blocking=False):
        write(logging.INFO, "sends its first change", facts={"step": step})


def asked_keystone(method: str, path: str, status: str, seconds: float, keystone_request_id: str) -> None:
    """Keeps what to tell of a call to Keystone at level DEBUG, until the line that tells of all: lines take time."""
    if logger.isEnabledFor(logging.DEBUG):
        context.current().keystone_calls.append((method, path, status, seconds, keystone_request_id))


def tell_keystone_calls() -> None:
    """Writes the line about the calls to Keystone, at level DEBUG, if there were any."""
    # The same ids are in many of the paths.
    safe = cache(shown_name)
    told = [
        f"{method} /{'/'.join(map(safe, path.rpartition('/v3/')[2].split('/')))} {status} {seconds * 1000:.1f} ms"
        f" {safe(known_as) or '-'}"
        for method, path, status, seconds, known_as in context.current().keystone_calls
    ]
    if told:
        write(logging.DEBUG, "asked Keystone", facts={"keystone_calls": told})


def write(level: int, event: str, text: str = "", facts: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Writes a line about the current call. `text` takes the place of the function and the event where people read."""
    extra = {"event": event, "facts": dict(facts)}
    logger.log(level, "%s", text or f"{context.current().function} {event}", extra=extra, stacklevel=2)


def _facts_of_call() -> dict[str, Any]:
    """Returns what is known of the current call: whom it is about, and who called."""
    this = context.current()
    known = {**this.about, "done": [*this.done], "caller": this.caller, "token": this.token}
    return {name: value for name, value in known.items() if value}


class _Facts(logging.Filter):
    """Puts what is known of the call being served into each record: at the end of its message, and as `facts`."""

    def filter(self, record: logging.LogRecord) -> bool:
        own, function = vars(record).get("facts", {}), context.current().function
        # These are in the message already, for people.
        told = {"function": function} if function else {}
        told |= {name: own[name] for name in TOLD_IN_MESSAGE if name in own}
        rest = {**_facts_of_call(), **{name: value for name, value in own.items() if name not in told}}
        text = record.getMessage()
        vars(record).update(event=vars(record).get("event", text), facts={**told, **rest}, args=None)
        record.msg = "; ".join([text, *(f"{name}: {_as_text(value)}" for name, value in rest.items())])
        return True


def _as_text(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


class _RateLimit(logging.Filter):
    """Passes one line a second of each kind of caller who has shown no token. More could push out all other lines.

    A kind is the status that is answered by which function or page, or at a path where nothing is served. So a health
    check never keeps a refused caller out of the log.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets the lines before."""
        self._until: dict[_Kind, float] = {}
        self._left_out: dict[_Kind, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        this = context.current()
        if not this.is_strangers():
            return True
        facts: dict[str, Any] = vars(record).setdefault("facts", {})
        kind = (this.served, facts.get("status", 0))
        with self._lock:
            if time.monotonic() < self._until.get(kind, 0):
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return False
            self._until[kind] = time.monotonic() + 1
            before = self._left_out.pop(kind, 0)
        if before:
            facts["left_out"] = before
        return True


rate_limit = _RateLimit()
logger.addFilter(rate_limit)
logger.addFilter(_Facts())


class _OfWaitress(logging.Filter):
    """Passes one line a second of waitress' own, without what it quotes: strangers can cause many long ones."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets the line before."""
        self._until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == logger.name:
            return True
        # Each handler asks once.
        if "passes" not in vars(record):
            with self._lock:
                passes, now = time.monotonic() >= self._until, time.monotonic()
                self._until = now + 1 if passes else self._until
            text = f"{record.name}: {record.getMessage()}".split("(")[0][:LONGEST_OF_WAITRESS]
            vars(record).update(passes=passes, msg=text, args=None, exc_info=None, exc_text=None)
        return bool(vars(record)["passes"])


of_waitress = _OfWaitress()


class _RequestId(logging.Filter):
    """Puts the request id of the call being served into each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = context.current().request_id
        return True


class _AsLine(logging.Formatter):
    """The line format of the Concertim services, with the offset from UTC, and with control characters escaped."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Returns the local time and its offset."""
        when = _time_of(record)
        return f"{when:%Y-%m-%d %H:%M:%S},{when.microsecond // 1000:03} {when.isoformat()[-6:]}"

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).translate(ESCAPES)


class _AsJson(logging.Formatter):
    """One JSON object in each line, with what is known of a call as fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time_of(record).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "module": record.module,
            "request_id": vars(record)["request_id"],
            "message": vars(record).get("event") or record.getMessage(),
        }
        return json.dumps(line | vars(record).get("facts", {}))


def _time_of(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC).astimezone()
