"""What is added to a line of the log before it is written, and which lines are left out."""

import logging
import time
from threading import Lock
from typing import Any

from lib.call import context

# The facts with which the line of an answer begins.
TOLD_IN_MESSAGE = ("function", "status", "milliseconds")
# Characters. What follows in a line of waitress' own is what a caller has sent.
LONGEST_OF_WAITRESS = 100
_Kind = tuple[str, int]
"""The function or page that is served at the path, if there is one, and the status of the answer."""


def _facts_of_call() -> dict[str, Any]:
    """Returns what is known of the current call: whom it is about, and who called."""
    this = context.current()
    known = {**this.about, "done": [*this.done], "caller": this.caller, "token": this.token}
    return {name: value for name, value in known.items() if value}


class Facts(logging.Filter):
    """Puts what is known of the call being served into each record: at the end of its message, and as `facts`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record."""
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


class RateLimit(logging.Filter):
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
        """Whether to write the record."""
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


class OfWaitress(logging.Filter):
    """Passes one line a second of waitress' own, without what it quotes: strangers can cause many long ones."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets the line before."""
        self._until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record."""
        if not record.name.startswith("waitress"):
            return True
        # Each handler asks once.
        if "passes" not in vars(record):
            with self._lock:
                passes, now = time.monotonic() >= self._until, time.monotonic()
                self._until = now + 1 if passes else self._until
            text = f"{record.name}: {record.getMessage()}".split("(")[0][:LONGEST_OF_WAITRESS]
            vars(record).update(passes=passes, msg=text, args=None, exc_info=None, exc_text=None)
        return bool(vars(record)["passes"])


class RequestId(logging.Filter):
    """Puts the request id of the call being served into each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record."""
        record.request_id = context.current().request_id
        return True
