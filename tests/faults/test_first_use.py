"""Tests every fault at the two calls that create a user where Keystone lets no password be used at first."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.create_user_project import create_user_project
from lib.endpoint import Answer
from lib.keystone.passwords import FIRST_USE
from tests.faults.faults import (
    PAGE_STATUSES,
    Outage,
    converges,
    every_way,
    is_believed_nowhere,
    kills,
    make_claims_old,
    page_at,
    warm_up,
)
from tests.support.census import census, finished
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone, keystone
from tests.support.proxy import Proxy
from tests.support.service import post, service

# The call that creates the user, and the one that sets the password again. All others are those of any sign-up.
CALLS = ("POST", "PATCH")
TRIALS = [
    pytest.param(index, kind, lasting, id=f"{method}-{kind}-{'outage' if lasting else 'once'}")
    for index, method in enumerate(CALLS)
    for kind, lasting in every_way(index)
]
PAGE_TRIALS = [(index, page_at(index, code)) for index in range(len(CALLS)) for code in PAGE_STATUSES]
OPTIONS = f"user_options: [{FIRST_USE}]"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Keystone]:
    """Runs a Keystone that wants every password changed before its first use."""
    with keystone({"security_compliance": {"change_password_upon_first_use": "true"}}) as running:
        running.admin.users.list(name="concertim")
        yield running


@pytest.fixture
def site_settings(settings_file: SettingsFile) -> SettingsFile:
    """Applies settings together with the option that such a site needs."""

    def put(text: str) -> Path:
        return settings_file(text.replace("user_handler: {", f"user_handler: {{{OPTIONS}, "))

    put("user_handler: {deadline: 50}")
    return put


@pytest.fixture
def sign_up(site_settings: SettingsFile, through: RequestOf) -> dict[str, Any]:
    """Returns a sign-up, for which all log-ins and look-ups are made."""
    request = through()
    warm_up(request)
    return request


@pytest.fixture
def is_so(cloud: Keystone, login: str) -> Callable[[Answer], None]:
    """Returns a function that asserts that the answer is that of a finished sign-up, and that nothing else changed."""
    earlier = census(cloud.admin)

    def check(answer: Answer) -> None:
        now = census(cloud.admin)
        assert answer == finished(cloud, login, now=now)
        assert now.without(login) == earlier.without(login)

    return check


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("index", "kind", "lasting"), TRIALS)
def test_a_sign_up_converges(
    before: Proxy,
    sign_up: dict[str, Any],
    site_settings: SettingsFile,
    is_so: Callable[[Answer], None],
    index: int,
    kind: str,
    lasting: bool,
) -> None:
    """A sign-up keeps the promise although nobody can log in as the user between the two calls."""
    converges(create_user_project, sign_up, Outage(before, kind, index, lasting), site_settings, is_so)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("index", "kind"), PAGE_TRIALS)
def test_a_page_that_lasts_is_believed_nowhere(
    before: Proxy, sign_up: dict[str, Any], is_so: Callable[[Answer], None], index: int, kind: str
) -> None:
    """A refusal by a proxy in Keystone's place is answered 502, and a repeat finishes."""
    is_believed_nowhere(create_user_project, sign_up, Outage(before, kind, index, lasting=True), is_so)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("moment", ["as it is asked", "when it has acted"])
@pytest.mark.parametrize("method", CALLS)
def test_a_killed_sign_up_is_finished_once_its_claim_is_over(
    cloud: Keystone,
    login: str,
    before: Proxy,
    sign_up: dict[str, Any],
    is_so: Callable[[Answer], None],
    method: str,
    moment: str,
) -> None:
    """A repeat with another password gives the user that password, whenever the first process was killed."""
    with service() as dying:
        kill = kills(dying, moment)
        before.instead = lambda asked, path: kill if asked == method and path.startswith("/users") else None
        with pytest.raises(requests.ConnectionError):
            post(dying.url, json=sign_up)
    before.instead = lambda _method, _path: None
    make_claims_old(sign_up)
    answer = create_user_project(sign_up | {"password": "battery-staple"})
    assert answer == finished(cloud, login, password="battery-staple")
