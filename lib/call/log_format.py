"""The two forms of a line in the log: text for people, and JSON for programs."""

import json
import logging
from datetime import UTC, datetime

_LINE = "%(asctime)s - [%(levelname)s] (%(module)s) - [%(request_id)s] %(message)s"
# A value in a message must not begin a line of its own: these are the C0 and C1 controls and Unicode's line ends. And
# no file takes halves of characters.
ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0xD800, 0xE000))}


class AsLine(logging.Formatter):
    """The line format of the Concertim services, with the offset from UTC, and with control characters escaped."""

    def __init__(self, parts: str = _LINE) -> None:
        super().__init__(parts)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Returns the local time and its offset."""
        when = _time_of(record).isoformat(" ", "milliseconds")
        return f"{when[:19]},{when[20:23]} {when[23:]}"

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line. It is made once for the file and for standard output."""
        made = vars(record)
        if "line" not in made:
            line = super().format(record)
            made["line"] = line if line.isprintable() else line.translate(ESCAPES)
        return str(made["line"])


class AsJson(logging.Formatter):
    """One JSON object in each line, with what is known of a call as fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the object as JSON."""
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
