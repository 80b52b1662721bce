"""Prints the table of the clouds."""

from typing import Any

from tests.clouds.columns import COLUMNS
from tests.clouds.rows import ROWS

WIDTH = max(map(len, COLUMNS)) + 2


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes a row for each cloud and a column for each thing that the UI does, with the status of the answer.

    Where two statuses stand, an operator has done between them what the first answer said.
    """
    cells: dict[str, Any] = {}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.getreports(outcome):
            # The last one recorded has all the cells of the row.
            cells |= {of[0]: of[1] for name, of in getattr(report, "user_properties", ()) if name == "cloud"}
    terminalreporter.write_line(" " * 26 + "".join(f"{name:>{WIDTH}}" for name in COLUMNS))
    for row in ROWS:
        statuses = cells.get(row, {})
        told = statuses if isinstance(statuses, str) else _line(statuses)
        terminalreporter.write_line(f"{row:26}{told}")


def _line(statuses: dict[str, str]) -> str:
    return "".join(f"{statuses.get(column, 'NOT RUN'):>{WIDTH}}" for column in COLUMNS)
