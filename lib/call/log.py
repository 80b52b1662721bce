"""The log: one line for each call, with its request id and with no secret in it, to a file and standard output."""

import json
import logging
import sys
import time
from threading import Lock

from lib.call import context
from lib.call.log_file import SharedFile
from lib.settings.settings import Settings

# Ours alone: keystoneauth's own debug log holds tokens, so none of its lines ever reach our handlers.
logger = logging.getLogger("user_handler")

_LINE = "%(asctime)s - [%(levelname)s] (%(module)s) - [%(request_id)s] %(message)s"
# A value in a message must not begin a line of its own: these are the C0 and C1 controls and Unicode's line ends. And
# no file takes halves of characters.
ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0xD800, 0xE000))}


def configure(settings: Settings) -> None:
    """Sends our log, and the warnings of waitress, to standard output and to the file that the settings name."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    unwritable = ""
    try:
        handlers.append(SharedFile(settings.log_file))
    except OSError as error:
        unwritable = f"cannot write the log file {settings.log_file}: {error.strerror}; going on with standard output"
    for handler in handlers:
        handler.setFormatter(_AsJson() if settings.log_format == "json" else _AsLine(_LINE))
        handler.addFilter(_RequestId())
    for ours, level in ((logger, settings.log_level), (logging.getLogger("waitress"), "WARNING")):
        for handler in ours.handlers[:]:
            ours.removeHandler(handler)
            handler.close()
        for handler in handlers:
            ours.addHandler(handler)
        ours.setLevel(level)
        ours.propagate = False
    if unwritable:
        logger.warning(unwritable)


class _RateLimit(logging.Filter):
    """Passes one line a second of callers who have shown no token. More could push out all other lines."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets the lines before."""
        self._until = 0.0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        facts = vars(record).get("facts")
        if facts is None or context.current().authenticated:
            return True
        with self._lock:
            if time.monotonic() < self._until:
                self._left_out += 1
                return False
            self._until = time.monotonic() + 1
            before, self._left_out = self._left_out, 0
        if before:
            facts["left_out"] = f"{before} lines of callers like this one"
            record.msg, record.args = f"%s; left_out: {facts['left_out']}", (record.getMessage(),)
        return True


rate_limit = _RateLimit()
logger.addFilter(rate_limit)


class _RequestId(logging.Filter):
    """Puts the request id of the call being served into each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = context.current().request_id
        return True


class _AsLine(logging.Formatter):
    """The line format of the Concertim services, with control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).translate(ESCAPES)


class _AsJson(logging.Formatter):
    """One JSON object in each line, with what is known of a call as fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "module": record.module,
            "request_id": vars(record)["request_id"],
            "message": record.getMessage(),
        }
        return json.dumps(line | vars(record).get("facts", {}))
