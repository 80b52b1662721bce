"""The service is killed at every call of a sign-up, before and after Keystone acts: the next process finishes it."""

from collections.abc import Iterator

import pytest
import requests

from tests.faults.test_faults import CALLS
from tests.support.census import census, finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, Fault, Proxy
from tests.support.service import Service, post, service


@pytest.fixture(scope="module")
def next_process() -> Iterator[Service]:
    """The process that serves the repeat."""
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
    """There are one user, one project and all grants, whenever the first process died."""
    earlier = census(cloud.admin)
    with service() as dying:

        def kill(exchange: Exchange) -> None:
            if moment == "when it has acted":
                exchange.ask_keystone()
            dying.process.kill()
            dying.process.wait()
            exchange.cut()

        def instead(_method: str, _path: str) -> Fault | None:
            return kill if len(before.calls) == index + 1 else None

        before.instead = instead
        with pytest.raises(requests.ConnectionError):
            post(dying.url, json=through())
    assert post(next_process.url, json=through()) == finished(cloud, login)
    assert census(cloud.admin).without(login) == earlier.without(login)
