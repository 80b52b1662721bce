"""The nginx that these tests use."""

from collections.abc import Iterator

import pytest

from tests.nginx import Fronts, nginx
from tests.support.keystone import Keystone
from tests.support.tls import Certificates


@pytest.fixture(scope="session")
def fronts(cloud: Keystone, leaves: Certificates) -> Iterator[Fronts]:
    """The URLs of every kind of front that nginx makes for this Keystone, with the good certificate."""
    with nginx(cloud.auth_url, leaves.good) as running:
        yield running
