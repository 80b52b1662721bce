"""How the rows of a list have ended: what to tell of them, and how many more to try."""

from collections import Counter
from collections.abc import Iterator

from lib import errors
from lib.call import shutdown
from lib.command_line.exit_codes import BY_STATUS_CLASS
from lib.endpoint import Answer

# The Concertim UI sends up to five in parallel, so a cloud that serves it serves these.
IN_PARALLEL = 5
# What may pass by itself stops a list only after so many rows: twice as many as are in flight, so that no single moment
# in which all of those fail stops it.
FAILURES_IN_A_ROW = 10
# The codes of what every other row would meet, too, each with whether it may pass by itself.
MET_BY_ALL = {kind.code: kind.repeat_helps for kind in errors.kinds() if kind.concerns_cloud}


class Outcome:
    """The answers so far to a list of so many rows."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._ended: Counter[tuple[int, str]] = Counter()
        """How many rows were answered with each status and code. The code is empty for a success."""
        self._latest: str | None = None
        self._in_a_row = 0
        self._why_stopped = ""

    def note(self, row: int, answer: Answer) -> None:
        """Counts the answer to the row of this number."""
        status, body = answer
        code = str(body.get("error", "")) if isinstance(body, dict) else ""
        self._ended[status, code] += 1
        if code == errors.BadRequest.code:
            # Most likely Keystone was not asked, so nothing was learnt about it.
            return
        self._in_a_row = self._in_a_row + 1 if code == self._latest else 1
        self._latest = code
        if code in MET_BY_ALL and not self._why_stopped:
            if not MET_BY_ALL[code]:
                self._why_stopped = f"row {row} was answered {status} {code}"
            elif self._in_a_row >= FAILURES_IN_A_ROW:
                self._why_stopped = f"{self._in_a_row} rows in a row were answered {status} {code}"

    def width(self) -> int:
        """Returns how many rows may be in flight from now on.

        Until the cloud has answered one, that is one: so a wrong password in cloud_env is not tried by five at a time,
        which could lock the account.
        """
        if self._why_stopped or shutdown.begun.done():
            return 0
        return 1 if self._latest is None else IN_PARALLEL

    def failed(self) -> int:
        """Returns how many rows were answered with an error."""
        return sum(count for (_, code), count in self._ended.items() if code)

    def exit_code(self) -> int:
        """Returns the exit code for the worst answer. That of a list that was interrupted says to repeat it."""
        if self._not_tried() and not self._why_stopped:
            return BY_STATUS_CLASS[5]
        return max(BY_STATUS_CLASS[status // 100] for status, _ in self._ended)

    def summary(self) -> str:
        """Returns what to tell of the whole list, and what to do about it."""
        return "\n".join(self._sentences())

    def _not_tried(self) -> int:
        return self._rows - self._ended.total()

    def _sentences(self) -> Iterator[str]:
        counts = [f"{count} answered {status} {code}".strip() for (status, code), count in sorted(self._ended.items())]
        counts += [f"{self._not_tried()} not tried"] if self._not_tried() else []
        yield f"{self._rows} row{'s' if self._rows > 1 else ''}: {', '.join(counts)}."
        if self._why_stopped and self._not_tried():
            yield f"Stopped early: {self._why_stopped}, and the others would be, too."
        classes = {status // 100 for status, _ in self._ended}
        if 4 in classes:
            yield "4xx: nothing was changed for these rows. Their messages say what to mend."
        if 5 in classes or self._not_tried():
            yield "5xx, or not tried: run the same command again once the problem in the messages is solved."
