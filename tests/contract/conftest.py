"""Provides the service that all releases share, and reports what each release could do."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from lib.settings.loading import PATH_VARIABLE, TEXT_VARIABLE
from tests.contract.ui import RELEASES, SENT
from tests.support.ports import free_ports
from tests.support.service import service

# The deadline of a request, and some more.
SECONDS_TO_ANSWER = 60
_accounted_for: list[int] = []
# The name by which a process of xdist hands this over to the one that prints it.
ACCOUNTED_FOR = "accounted_for"


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Returns the URL of the running service, with the default settings, for every release.

    At the end, its metrics must account for every request that was sent.
    """
    folder, metrics = tmp_path_factory.mktemp("contract"), free_ports("metrics")["metrics"]
    text = f"user_handler: {{log_file: {folder}/log, metrics_listen: '127.0.0.1:{metrics}'}}"
    with service(**{PATH_VARIABLE: "", TEXT_VARIABLE: text}) as running:
        yield str(running.url)
        until = time.monotonic() + SECONDS_TO_ANSWER
        # A UI that has stopped waiting has left a request behind, which is still being answered.
        while (counted := _counted(metrics)) != SENT[str(running.url)] and time.monotonic() < until:
            time.sleep(0.2)
        assert counted == SENT[str(running.url)], "the metrics do not account for the requests that were sent"
        _accounted_for.append(counted)


def _counted(port: int) -> int:
    shown = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    samples = [one for family in text_string_to_metric_families(shown) for one in family.samples]
    return sum(int(one.value) for one in samples if one.name == "user_handler_requests_total")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes over what a process of xdist has accounted for."""
    _accounted_for.extend(getattr(node, "workeroutput", {}).get(ACCOUNTED_FOR, ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hands over what this process has accounted for, if it is one of xdist's."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[ACCOUNTED_FOR] = _accounted_for


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
    terminalreporter.write_line(f"The metrics account for all {sum(_accounted_for)} requests to the service.")
    names = [release.name for release in RELEASES]
    terminalreporter.write_line(" " * 40 + "".join(f"{name:>10}" for name in names))
    for what in sorted({what for _, what in cells}):
        row = "".join(f"{cells.get((name, what), '-'):>10}" for name in names)
        terminalreporter.write_line(f"{what:40}{row}")
