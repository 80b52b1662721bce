"""Provides the service whose contract is tried."""

from collections.abc import Iterator

import pytest

from lib.settings.loading import JWT_VARIABLE, TEXT_VARIABLE
from tests.openapi.given import JWT_SECRET, SETTINGS
from tests.support.service import service


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Returns the URL of a service that asks for tokens."""
    with service(**{JWT_VARIABLE: JWT_SECRET, TEXT_VARIABLE: SETTINGS}) as running:
        yield str(running.url)
