"""Provides the nginx of the tests in this folder."""

from collections.abc import Iterator

import pytest

from tests.nginx import Fronts, nginx
from tests.support.keystone import Keystone
from tests.support.tls import Certificates


@pytest.fixture(scope="session")
def fronts(cloud: Keystone, leaves: Certificates) -> Iterator[Fronts]:
    """Runs an nginx with the good certificate before the Keystone, and yields the URLs of its fronts."""
    with nginx(cloud.auth_url, leaves.good) as running:
        yield running
