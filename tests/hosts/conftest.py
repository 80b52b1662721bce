"""Starts each host when it is first needed, and prints the matrix of their answers in the summary."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from lib.settings.loading import JWT_VARIABLE
from tests.hosts import apache
from tests.hosts.asked import JWT_SECRET, REQUESTS
from tests.hosts.rows import HOSTS, Host
from tests.hosts.running import Running, running

AT_ONCE, COLD_START, IN_FLIGHT = "5 x", "cold start", "a sign-up of 1 s in flight at SIGTERM"
COLUMNS = [*REQUESTS, AT_ONCE]


@pytest.fixture(scope="session")
def served_by() -> Iterator[Callable[[Host], Running]]:
    """Yields a function that returns the running host. All tests of a host share it."""
    started: dict[str, Running] = {}
    with ExitStack() as all_of_them:

        def start(host: Host) -> Running:
            if host.name not in started:
                started[host.name] = all_of_them.enter_context(running(host))
            return started[host.name]

        yield start


@pytest.fixture(autouse=True)
def _same_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the JWT_SECRET of the hosts for direct calls, so that they require the same tokens."""
    monkeypatch.setenv(JWT_VARIABLE, JWT_SECRET)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes a row for each host, with "=" in the column of each request that was answered as by a direct call."""
    cells: dict[tuple[str, str], str] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            for name, column, cell in (value for key, value in report.user_properties if key == "cell"):
                cells[name, column] = cell if outcome == "passed" else "FAILED"
    _matrix(terminalreporter.write_line, cells)


def _matrix(write: Callable[[str], None], cells: dict[tuple[str, str], str]) -> None:
    reasons: dict[str, str] = {}
    write(f"{'':40}" + "".join(f"{column:>8}" for column in COLUMNS) + f"{COLD_START:>12}  {IN_FLIGHT}")
    for host in HOSTS:
        row = ""
        for column in COLUMNS:
            why_not = apache.why_not(host) or host.cannot.get(column)
            cell = reasons.setdefault(why_not, f"({'abcdefghij'[len(reasons)]})") if why_not else ""
            row += f"{cell or cells.get((host.name, column), '?'):>8}"
        start, in_flight = (cells.get((host.name, column), "?") for column in (COLD_START, IN_FLIGHT))
        write(f"{host.name:40}{row}{start:>12}  {in_flight}")
    write("=    answered as a direct call is: status, headers and body. Cold start: to the first answer")
    write("5 x  five sign-ups at once, as the UI sends them")
    write("411  so is a direct call for a chunked body that the host has dropped")
    write("?    not asked")
    for reason, sign in reasons.items():
        write(f"{sign}  {reason}")
    real = dict.fromkeys(host.kind for host in HOSTS if host.real and not apache.why_not(host))
    write(f"{len(real)} real hosts: {', '.join(real)}. What stands before awslambdaric is ours, by Amazon's contract")
    write("By contract only, as the host itself cannot be had: Azure Functions")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lets one process run all tests of a host, so that each host is started once."""
    for item in items:
        assert isinstance(item, pytest.Function)
        host = item.callspec.params["host"]
        assert isinstance(host, Host)
        item.add_marker(pytest.mark.xdist_group(host.name))
