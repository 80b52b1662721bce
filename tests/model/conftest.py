"""Counts the states of the model that the tests have explored."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def explored(record_property: Callable[[str, object], None]) -> Callable[[int], int]:
    """Returns a function that records how many states a test has explored."""

    def count(states: int) -> int:
        record_property("states", states)
        return states

    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes the sum of the states in which the promise was checked."""
    passed = [one for one in terminalreporter.getreports("passed") if getattr(one, "when", "") == "call"]
    states = sum(states for one in passed for name, states in one.user_properties if name == "states")
    if states:
        terminalreporter.write_line(f"{states} states of the model explored")
