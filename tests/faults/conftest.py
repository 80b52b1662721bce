"""Counts the trials, and those that healed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lib.keystone import claims
from tests.support.census import clear
from tests.support.keystone import Keystone


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests run on one machine, so a claim need not last longer for clocks that differ."""
    monkeypatch.setattr(claims, "SECONDS_BETWEEN_CLOCKS", 0)


@pytest.fixture
def trial(cloud: Keystone, login: str, record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Counts the test as a trial and removes what it made, so that thousands of trials do not slow the cloud down."""
    record_property("trial", "")
    yield
    clear(cloud.admin, login, f"{login}-2", f"{login}-2 team")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints how many trials there were, and how many of them healed."""

    def trials(outcome: str, kind: str = "") -> int:
        reports = [one for one in terminalreporter.getreports(outcome) if getattr(one, "when", "") == "call"]
        # Some tests are many trials.
        return sum(list(one.user_properties).count(("trial", "")) for one in reports if kind in one.nodeid)

    healed, pages = trials("passed"), trials("passed", "_page")
    terminalreporter.write_line(
        f"{healed + trials('failed')} trials, {healed} healed; {pages + trials('failed', '_page')} with a page in place"
        f" of Keystone's answer, {pages} of them seen through"
    )
