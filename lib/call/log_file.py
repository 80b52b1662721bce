"""Where the log goes: a file that several processes may share and that stays small, and a stream."""

import fcntl
import io
import logging
import os
import stat
import sys
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TextIO

# Where nobody rotates the file, it and its older parts together stay below 50 MiB.
FILE_BYTES, OLDER_FILES = 10 * 1024 * 1024, 4


class SharedFile(WatchedFileHandler):
    """A file that several processes may append to and that logrotate may move away. Otherwise it rotates by itself."""

    def __init__(self, path: Path) -> None:
        # One look, as another process may rotate the file between two. To open a FIFO that nobody reads would hang.
        with suppress(FileNotFoundError):
            if stat.S_IFMT(path.stat().st_mode) not in (stat.S_IFREG, stat.S_IFCHR):
                raise OSError(None, "is not a file")
        super().__init__(path, encoding="utf-8")
        self._path, self._complained = path, False

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line. Never raises, as no call may fail because of its line in the log."""
        try:
            if os.stat(self.baseFilename).st_size >= FILE_BYTES:  # noqa: PTH116 - at each line, and twice as fast
                self._rotate()
        except OSError as error:
            # Another process, or logrotate, may have just moved it away.
            if not isinstance(error, FileNotFoundError):
                self._complain(f"cannot rotate the log file {self._path}: {error.strerror}; it grows on")
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def _rotate(self) -> None:
        with self._path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Another process may have rotated it while this one waited for the lock.
            held = os.fstat(file.fileno())
            if held.st_size < FILE_BYTES or not os.path.samestat(held, self._path.stat()):
                return
            for number in range(OLDER_FILES - 1, 0, -1):
                with suppress(FileNotFoundError):
                    Path(f"{self._path}.{number}").replace(f"{self._path}.{number + 1}")
            self._path.replace(f"{self._path}.1")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Says once that the file cannot be written or rotated. Standard output still has every line."""
        self._complain(f"cannot write the log file {self._path}: {sys.exc_info()[1]}")

    def _complain(self, what: str) -> None:
        if not self._complained:
            complain(self, what)
        self._complained = True


class Stream(logging.StreamHandler[TextIO]):
    """Standard output or error. Whatever becomes of it, no call fails, and no encoding keeps a line back."""

    _complained = False

    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        super().__init__(stream)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Says once that nothing can be written."""
        if not self._complained:
            complain(self, f"cannot write to standard output: {sys.exc_info()[1]}")
        self._complained = True


def complain(handler: logging.Handler, what: str) -> None:
    """Writes to standard error, in the form of the log, what is wrong with the log itself."""
    record = logging.LogRecord("user_handler", logging.ERROR, __file__, 0, what, None, None)
    vars(record).update(request_id="-")
    with suppress(OSError):
        print(handler.format(record), file=sys.stderr)
