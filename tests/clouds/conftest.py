"""Prints the table of the clouds."""

from typing import Any

from tests.clouds.columns import COLUMNS
from tests.clouds.rows import ROWS

WIDTH = max(map(len, COLUMNS)) + 2


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes a row for each cloud and a column for each thing that the UI does, with the status of the answer.

    Where two statuses stand, an operator has done between them what the first answer said.
    """
    cells = _recorded(terminalreporter, "cloud")
    terminalreporter.write_line(" " * 26 + "".join(f"{name:>{WIDTH}}" for name in COLUMNS))
    for row in ROWS:
        statuses = cells.get(row, {})
        told = statuses if isinstance(statuses, str) else _line(statuses)
        terminalreporter.write_line(f"{row:26}{told}")
    for name, told in _recorded(terminalreporter, "many").items():
        for form, line in told.items():
            terminalreporter.write_line(f"10,000 people at {name}, {form}: {line}")


def _line(statuses: dict[str, str]) -> str:
    return "".join(f"{statuses.get(column, 'NOT RUN'):>{WIDTH}}" for column in COLUMNS)


def _recorded(terminalreporter: Any, kind: str) -> dict[str, Any]:
    """Returns what the tests have recorded under this name, by what it is about. The last one counts."""
    found: dict[str, Any] = {}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.getreports(outcome):
            found |= {of[0]: of[1] for name, of in getattr(report, "user_properties", ()) if name == kind}
    return found
