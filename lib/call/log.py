"""The log: one line for each call, with its request id and with no secret in it, to a file and standard output."""

import errno
import fcntl
import json
import logging
import os
import sys
import time
from logging.handlers import WatchedFileHandler
from pathlib import Path
from threading import Lock

from lib.call import context
from lib.settings.settings import Settings

# Ours alone: keystoneauth's own debug log holds tokens, so none of its lines ever reach our handlers.
logger = logging.getLogger("user_handler")

# Where nobody rotates the file, it and its older parts together stay below 50 MiB.
FILE_BYTES = 10 * 1024 * 1024
OLDER_FILES = 4

_LINE = "%(asctime)s - [%(levelname)s] (%(module)s) - [%(request_id)s] %(message)s"
# A value in a message must not begin a line of its own: these are the C0 and C1 controls and Unicode's line ends. And
# no file takes halves of characters.
ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0xD800, 0xE000))}


def configure(settings: Settings) -> None:
    """Sends our log, and the warnings of waitress, to standard output and to the file that the settings name."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    unwritable = ""
    try:
        handlers.append(_SharedFile(settings.log_file))
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
    """Passes one line a second of calls whose caller may be anybody, who else could push out all other lines."""

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


class _SharedFile(WatchedFileHandler):
    """A file that several processes may append to and that logrotate may move away. Otherwise it rotates by itself."""

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_file() and not path.is_char_device():
            # To open a FIFO that nobody reads would wait for ever.
            raise OSError(errno.EINVAL, "is not a file")
        super().__init__(path, encoding="utf-8")
        self._path = path
        self._complained = False

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line. Never raises, as no call may fail because of its line in the log."""
        try:
            if self._path.stat().st_size >= FILE_BYTES:
                self._rotate()
        except FileNotFoundError:
            # Another process, or logrotate, has just moved it away.
            pass
        except OSError as error:
            self._complain(f"cannot rotate the log file {self._path}: {error.strerror}; it grows on")
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def _rotate(self) -> None:
        with self._path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Another process may have rotated it while this one waited for the lock.
            ours = os.fstat(file.fileno())
            if ours.st_size < FILE_BYTES or not os.path.samestat(ours, self._path.stat()):
                return
            for number in range(OLDER_FILES - 1, 0, -1):
                older = Path(f"{self._path}.{number}")
                if older.exists():
                    older.replace(f"{self._path}.{number + 1}")
            self._path.replace(f"{self._path}.1")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Says once that the file cannot be written any more. Standard output still has every line."""
        self._complain(f"cannot write the log file {self._path}: {sys.exc_info()[1]}")

    def _complain(self, what: str) -> None:
        if not self._complained:
            self._complained = True
            print(what, file=sys.stderr)
