"""Provides the service whose contract is tried, and prints how many cases were sent to each path."""

from collections.abc import Iterator
from typing import Any

import pytest

from lib.settings.loading import JWT_VARIABLE, TEXT_VARIABLE
from tests.openapi.given import JWT_SECRET, SETTINGS
from tests.support.service import service


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Returns the URL of a service that asks for tokens."""
    with service(**{JWT_VARIABLE: JWT_SECRET, TEXT_VARIABLE: SETTINGS}) as running:
        yield str(running.url)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes what each test has to tell."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in report.user_properties:
                if name == "told":
                    terminalreporter.write_line(text)
