"""Provides the service that all releases share, and reports what each release could do."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.ui import RELEASES
from tests.support.service import service


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Returns the URL of one running service, with the default settings, for every release."""
    with service() as running:
        yield str(running.url)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes a table with a row for each thing that a UI does and a column for each release.

    A "-" stands where a release never does it.
    """
    cells: dict[tuple[str, str], str] = {}
    for outcome, sign in (("passed", "ok"), ("failed", "FAILED"), ("error", "FAILED")):
        for report in terminalreporter.getreports(outcome):
            done = dict(report.user_properties).get("contract")
            if done and (outcome != "passed" or report.when == "call"):
                cells[tuple(done)] = sign
    names = [release.name for release in RELEASES]
    terminalreporter.write_line(" " * 40 + "".join(f"{name:>10}" for name in names))
    for what in sorted({what for _, what in cells}):
        row = "".join(f"{cells.get((name, what), '-'):>10}" for name in names)
        terminalreporter.write_line(f"{what:40}{row}")
