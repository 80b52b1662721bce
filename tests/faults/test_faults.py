"""Every call of a sign-up fails in every way: the answer keeps the promise, and a repeat finishes the sign-up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.create_user_project import create_user_project
from lib.endpoint import Answer
from tests.faults.faults import (
    LOST_WAYS,
    PAGE_STATUSES,
    Outage,
    converges,
    every_way,
    is_believed_nowhere,
    page_at,
    pages_once,
    warm_up,
)
from tests.support.census import Census, census, finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Proxy

# How many calls to Keystone a sign-up makes, for each state that it finds.
CALLS = {
    "cold": 12,
    "warm": 7,
    "finished": 11,
    "finished, by ids": 9,
    "unfinished": 17,
    "project taken": 11,
}
# For each state, the calls that no other state has: after its look-ups, a cold sign-up is like a warm one.
INDICES = {state: range(calls - CALLS["warm"] if state == "cold" else calls) for state, calls in CALLS.items()}
TRIALS = [
    pytest.param(state, index, kind, lasting, id=f"{state}-{index}-{kind}-{'outage' if lasting else 'once'}")
    for state, indices in INDICES.items()
    for index in indices
    for kind, lasting in (every_way(index) if state in ("cold", "warm") else LOST_WAYS)
]
PAGE_TRIALS = [
    pytest.param(state, index, page_at(index, code), id=f"{state}-{index}-{page_at(index, code)}")
    for state, indices in INDICES.items()
    for index in indices
    for code in PAGE_STATUSES
]
# The call of each state at which a person's password is proved.
PROOFS = {"finished": 2, "unfinished": 2}


@pytest.fixture
def prepared(cloud: Keystone, login: str, through: RequestOf) -> Callable[[str], dict[str, Any]]:
    """Brings the cloud and the service into a state, and returns the request that meets it."""

    def prepare(state: str) -> dict[str, Any]:
        request = through()
        if state != "cold":
            warm_up(request)
        if state == "unfinished":
            mark = {"concertim_kind": "user", "concertim_name": login}
            cloud.admin.users.create(f"concertim_{login}", domain="default", password="the-first", **mark)
        if state == "project taken":
            cloud.admin.projects.create(f"concertim_{login}_project", domain="default")
        if state.startswith("finished"):
            status, body = create_user_project(request)
            assert (status, type(body)) == (201, dict)
            if state == "finished, by ids":
                request |= {"cloud_user_id": body["user_id"], "project_id": body["project_id"]}  # type: ignore[index]
        return request

    return prepare


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("state", "index", "kind", "lasting"), TRIALS)
def test_a_sign_up_converges(
    cloud: Keystone,
    login: str,
    before: Proxy,
    prepared: Callable[[str], dict[str, Any]],
    settings_file: Callable[[str], Path],
    state: str,
    index: int,
    kind: str,
    lasting: bool,
) -> None:
    """The promise holds for the answer, a repeat finishes what was answered 5xx, and nothing else is touched."""
    request = prepared(state)
    earlier = census(cloud.admin)
    outage = Outage(before, kind, index, lasting)

    def is_so(answer: Answer) -> None:
        keeps_the_promise(cloud, login, state, answer, earlier)

    converges(create_user_project, request, outage, settings_file, is_so)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("state", "index", "kind"), PAGE_TRIALS)
def test_a_page_that_lasts_is_believed_nowhere(
    cloud: Keystone,
    login: str,
    before: Proxy,
    prepared: Callable[[str], dict[str, Any]],
    state: str,
    index: int,
    kind: str,
) -> None:
    """A refusal by something in front of Keystone is answered 502, and not taken for Keystone's."""
    request = prepared(state)
    earlier = census(cloud.admin)
    outage = Outage(before, kind, index, lasting=True)

    def is_so(answer: Answer) -> None:
        keeps_the_promise(cloud, login, state, answer, earlier)

    is_believed_nowhere(create_user_project, request, outage, is_so)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("turn", range(len(PAGE_STATUSES)))
@pytest.mark.parametrize("state", CALLS)
def test_pages_that_pass_change_nothing_of_the_answer(
    cloud: Keystone, login: str, before: Proxy, prepared: Callable[[str], dict[str, Any]], state: str, turn: int
) -> None:
    """Every call meets a page first and is repeated, and the final answer is the same as without pages."""
    request = prepared(state)
    earlier = census(cloud.admin)
    pages_once(before, turn)
    keeps_the_promise(cloud, login, state, create_user_project(request), earlier)
    assert len(before.calls) >= 2 * CALLS[state] - (state in PROOFS)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("code", PAGE_STATUSES)
@pytest.mark.parametrize("state", PROOFS)
def test_a_page_in_place_of_a_proof_is_not_asked_again(
    cloud: Keystone,
    login: str,
    before: Proxy,
    prepared: Callable[[str], dict[str, Any]],
    state: str,
    code: int,
) -> None:
    """Keystone may have counted the failed log-in, so the password is tried again only by the client's repeat."""
    request = prepared(state)
    earlier = census(cloud.admin)
    before.calls.clear()
    outage = Outage(before, page_at(PROOFS[state], code), PROOFS[state])

    def is_so(answer: Answer) -> None:
        keeps_the_promise(cloud, login, state, answer, earlier)

    is_believed_nowhere(create_user_project, request, outage, is_so)
    assert before.calls[PROOFS[state]] == ("POST", "/auth/tokens")
    assert before.tokens() == 2


def keeps_the_promise(cloud: Keystone, login: str, state: str, answer: Answer, earlier: Census) -> None:
    """Asserts that the answer fits the state, that the cloud is as it says, and that nobody else is touched."""
    now = census(cloud.admin)
    if state == "project taken":
        assert isinstance(answer[1], dict)
        assert (answer[0], answer[1]["error"]) == (409, "name_taken")
        assert now == earlier
    else:
        assert answer == finished(cloud, login, now=now)
        assert now.without(login) == earlier.without(login)


@pytest.mark.parametrize("state", CALLS)
def test_a_sign_up_without_faults_makes_so_many_calls(
    before: Proxy, prepared: Callable[[str], dict[str, Any]], state: str
) -> None:
    """If this count were wrong, the trials would leave calls out."""
    request = prepared(state)
    before.calls.clear()
    create_user_project(request)
    assert len(before.calls) == CALLS[state]
