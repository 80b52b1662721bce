"""The log: what each call began, did, and ended with, and no secret, to a file and to standard output."""

import logging
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TextIO

from lib.call import context, log_filters
from lib.call.log_file import SharedFile, Stream
from lib.call.log_format import AsJson, AsLine
from lib.call.masking import shown_names
from lib.settings.settings import Settings

# Ours alone: keystoneauth's own debug log holds tokens, so none of its lines ever reach our handlers.
logger = logging.getLogger("user_handler")

rate_limit = log_filters.RateLimit()
of_waitress = log_filters.OfWaitress()
logger.addFilter(rate_limit)
logger.addFilter(log_filters.Facts())


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
        handler.setFormatter(AsJson() if settings.log_format == "json" else AsLine())
        handler.addFilter(log_filters.RequestId())
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


def to_file_alone() -> None:
    """Writes no more lines to the stream, where something else is to be shown. They go to the file, if there is one."""
    for ours in (logger, logging.getLogger("waitress")):
        # Without any handler, Python would write warnings to standard error by itself.
        ours.handlers = [one for one in ours.handlers if not isinstance(one, Stream)] or [logging.NullHandler()]


def first_change(step: str) -> None:
    """Writes a line, once for each call, before it may change anything: a process that is killed leaves a trace."""
    this = context.current()
    if this.begun.acquire(blocking=False):
        write(logging.INFO, "sends its first change", facts={"step": step})


def tells_keystone_calls() -> bool:
    """Whether the log has the calls to Keystone."""
    return logger.isEnabledFor(logging.DEBUG)


def asked_keystone(method: str, path: str, status: str, seconds: float, keystone_request_id: str) -> None:
    """Keeps what to tell of a call to Keystone at level DEBUG."""
    if tells_keystone_calls():
        context.current().keystone_calls.append((method, path, status, seconds, keystone_request_id))


def calls_to_keystone() -> dict[str, list[str]]:
    """Returns the calls to Keystone as a fact of the line that ends the call. To write a line for each takes long."""
    calls = [
        (method, path.rpartition("/v3/")[2].split("/"), status, seconds * 1000, known_as)
        for method, path, status, seconds, known_as in context.current().keystone_calls
    ]
    safe = shown_names(name for _, path, _, _, known_as in calls for name in (*path, known_as)) if calls else {}
    told = [
        f"{method} /{'/'.join([safe[part] for part in path])} {status} {taken:.1f} ms {safe[known_as] or '-'}"
        for method, path, status, taken, known_as in calls
    ]
    return {"keystone_calls": told} if told else {}


def write(level: int, event: str, text: str = "", facts: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Writes a line about the current call. `text` takes the place of the function and the event where people read."""
    extra = {"event": event, "facts": dict(facts)}
    logger.log(level, "%s", text or f"{context.current().function} {event}", extra=extra, stacklevel=2)
