"""Tests that another process finishes a sign-up whose process was killed at any of its calls to Keystone."""

from collections.abc import Iterator

import pytest
import requests

from tests.faults.faults import kills
from tests.faults.test_faults import CALLS
from tests.support.census import census, finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Proxy
from tests.support.service import Service, post, service


@pytest.fixture(scope="module")
def next_process() -> Iterator[Service]:
    """Runs the service that gets the repeated sign-up."""
    with service() as running:
        yield running


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("moment", ["as it is asked", "when it has acted"])
@pytest.mark.parametrize("index", range(CALLS["cold"]))
def test_a_killed_sign_up_is_finished_by_the_next_process(
    cloud: Keystone,
    login: str,
    before: Proxy,
    through: RequestOf,
    next_process: Service,
    index: int,
    moment: str,
) -> None:
    """A repeat leaves one user and one project with all roles granted, whenever the first process was killed."""
    earlier = census(cloud.admin)
    with service() as dying:
        kill = kills(dying, moment)
        before.instead = lambda _method, _path: kill if len(before.calls) == index + 1 else None
        with pytest.raises(requests.ConnectionError):
            post(dying.url, json=through())
    assert post(next_process.url, json=through()) == finished(cloud, login)
    assert census(cloud.admin).without(login) == earlier.without(login)
