"""Tests every fault at every call of the functions that create, change and remove users, teams and roles."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from functions.create_user_project import create_user_project
from functions.repair_user_projects import repair_user_projects
from lib.endpoint import Answer, Endpoint
from tests.faults.faults import (
    LOST_WAYS,
    PAGE_STATUSES,
    Outage,
    converges,
    is_believed_nowhere,
    page_at,
    pages_once,
    warm_up,
)
from tests.support.bodies import FUNCTIONS, Body, Field, Given, Route, body_of, fields_of, ids_of
from tests.support.census import Census, census
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone, keystone
from tests.support.proxy import Proxy

DONE = (201, {"success": True})


@dataclass(frozen=True)
class Change:
    """A request after a finished sign-up: how many calls to Keystone it makes, and what the cloud holds afterwards."""

    method: str
    path: str
    calls: int
    users: int = 1
    projects: int = 1
    roles: tuple[str, ...] = ("admin", "member")
    """The user's roles afterwards. Before, the user has member, and admin as the older service granted it."""
    password: str = "correct-horse"
    without_ids: tuple[Field, ...] = ()
    """The optional ids that the request leaves out."""

    @property
    def route(self) -> Route:
        """Returns the method and the path of the request."""
        return self.method, self.path

    def body(self, login: str, user_id: str, project_id: str) -> Body:
        """Returns the request without cloud_env. It creates a new user or team, or names those that exist."""
        if ("username",) in fields_of(self.route) or ("name",) in fields_of(self.route):
            return body_of(self.route, Given(f"{login}-2", user_id, project_id))
        ids = [field for field in ids_of(self.route) if field not in self.without_ids]
        return body_of(self.route, Given(login, user_id, project_id), *ids)


CHANGES = [
    Change("POST", "/user", 1, users=2),
    Change("POST", "/team", 4, projects=2),
    Change("PATCH", "/user", 3, password="battery-staple"),
    Change("DELETE", "/delete_user", 4, users=0, projects=0),
    Change("DELETE", "/user", 2, users=0, without_ids=(("user_info", "project_id"),)),
    Change("DELETE", "/team", 2, projects=0, roles=()),
    Change("POST", "/team_role", 3),
    Change("PATCH", "/team_role", 6, roles=("member",)),
    Change("DELETE", "/team_role", 5, roles=()),
    Change("call", "repair_user_projects", 32, roles=("member",)),
]
# Each call of a change that makes so many meets one kind of fault and one page, in turn. To try all of them would take
# half as long as all other trials.
MANY_CALLS = 10
_Kind = TypeVar("_Kind")


def at_call(change: Change, index: int, kinds: Sequence[_Kind]) -> Sequence[_Kind]:
    """Returns which of these kinds the call meets."""
    return kinds if change.calls < MANY_CALLS else [kinds[index % len(kinds)]]


TRIALS = [
    pytest.param(
        change,
        index,
        kind,
        lasting,
        id=f"{change.method} {change.path}-{index}-{kind}-{'outage' if lasting else 'once'}",
    )
    for change in CHANGES
    for index in range(change.calls)
    for kind, lasting in at_call(change, index, LOST_WAYS)
]
PAGE_TRIALS = [
    pytest.param(change, index, page_at(index, code), id=f"{' '.join(change.route)}-{index}-{page_at(index, code)}")
    for change in CHANGES
    for index in range(change.calls)
    for code in at_call(change, index, PAGE_STATUSES)
]


@dataclass(frozen=True)
class Prepared:
    """A finished sign-up whose log-in and look-ups are cached, and the request to try next."""

    cloud: Keystone
    login: str
    change: Change
    request: dict[str, Any]
    earlier: Census

    @property
    def function(self) -> Endpoint:
        """Returns the function that serves the request."""
        return FUNCTIONS[self.change.route]

    def is_so(self, answer: Answer) -> None:
        """Asserts that the answer is the success of the change, and that the cloud holds what the change leaves."""
        is_so(self.cloud, self.login, self.change, answer, self.earlier)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Keystone]:
    """Returns a Keystone of this module's own, as a repair goes through all that is old in the cloud."""
    with keystone() as running:
        running.admin.users.list(name="concertim")
        yield running


@pytest.fixture
def prepared(cloud: Keystone, login: str, through: RequestOf) -> Callable[[Change], Prepared]:
    """Returns a function that signs up, grants the user admin as the older service did, and fills the caches.

    For a repair, the user holds nothing else, and user and project have no mark.
    """

    def prepare(change: Change) -> Prepared:
        _, signed_up = create_user_project(through())
        assert isinstance(signed_up, dict)
        user_id, project_id = signed_up["user_id"], signed_up["project_id"]
        [admin] = cloud.admin.roles.list(name="admin")
        cloud.admin.roles.grant(admin.id, user=user_id, project=project_id)
        if FUNCTIONS[change.route] is repair_user_projects:
            [member] = cloud.admin.roles.list(name="member")
            cloud.admin.roles.revoke(member.id, user=user_id, project=project_id)
            for what, which in (("user", user_id), ("project", project_id)):
                body = {what: {"concertim_kind": None, "concertim_created": None}}
                cloud.admin.session.patch(f"{cloud.auth_url}/{what}s/{which}", json=body)
        request = {"cloud_env": through()["cloud_env"], **change.body(login, user_id, project_id)}
        earlier = census(cloud.admin)
        warm_up(through())
        return Prepared(cloud, login, change, request, earlier)

    return prepare


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("change", "index", "kind", "lasting"), TRIALS)
def test_a_change_converges(
    before: Proxy,
    prepared: Callable[[Change], Prepared],
    settings_file: Callable[[str], Path],
    change: Change,
    index: int,
    kind: str,
    lasting: bool,
) -> None:
    """A change that meets a fault keeps the promise: a 2xx is true, and a repeat finishes a 5xx."""
    ready = prepared(change)
    converges(ready.function, ready.request, Outage(before, kind, index, lasting), settings_file, ready.is_so)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("change", "index", "kind"), PAGE_TRIALS)
def test_a_page_that_lasts_is_believed_nowhere(
    before: Proxy,
    prepared: Callable[[Change], Prepared],
    change: Change,
    index: int,
    kind: str,
) -> None:
    """A page in Keystone's place is answered 502 and never taken for 'not found', and a repeat finishes the change."""
    ready = prepared(change)
    outage = Outage(before, kind, index, lasting=True)
    is_believed_nowhere(ready.function, ready.request, outage, ready.is_so)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("turn", range(len(PAGE_STATUSES)))
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: " ".join(change.route))
def test_pages_that_pass_change_nothing_of_the_answer(
    before: Proxy, prepared: Callable[[Change], Prepared], change: Change, turn: int
) -> None:
    """If each call is answered by a page once, the retries succeed, and the answer is that of success."""
    ready = prepared(change)
    pages_once(before, turn)
    ready.is_so(ready.function(ready.request))
    assert len(before.calls) >= 2 * change.calls


def test_every_function_that_writes_is_among_the_changes() -> None:
    """CHANGES has a row for every function that writes, except for the sign-up, whose trials are in test_faults.py."""
    tried = {FUNCTIONS[change.route] for change in CHANGES}
    assert tried == {one for one in FUNCTIONS.values() if one.model.changes_cloud} - {create_user_project}


def is_so(cloud: Keystone, login: str, change: Change, answer: Answer, earlier: Census) -> None:
    """Asserts that the answer is the success of the change, and that the cloud holds what the change leaves."""
    now = census(cloud.admin)
    ours = [now.of(name) for name in (login, f"{login}-2", f"{login}-2 team")]
    assert sum(len(one.users) for one in ours) == change.users
    assert sum(len(one.projects) for one in ours) == change.projects
    others = now.without(login).without(f"{login}-2").without(f"{login}-2 team")
    assert others == earlier.without(login)
    if change.path == "/user" and change.method == "POST":
        [made] = ours[1].users
        assert answer == (201, {"success": True, "username": f"{login}-2", "user_cloud_id": made})
    elif change.path == "/team" and change.method == "POST":
        [made] = ours[2].projects
        assert answer == (201, {"project_id": made, "billing_acct_id": made})
        assert len(ours[2].grants) == 3
    elif FUNCTIONS[change.route] is repair_user_projects:
        assert isinstance(answer[1], dict)
        assert (answer[0], answer[1]["applied"], answer[1]["remaining"]) == (200, True, 0)
        assert not [one for one in answer[1]["repairs"] if one["login"] == login and "left_alone" in one]
        marks = [one["concertim_kind"] for one in (*ours[0].users.values(), *ours[0].projects.values())]
        assert marks == ["user", "project"]
    else:
        assert answer == DONE
    for user_id in ours[0].users:
        names = {role.id: role.name for role in cloud.admin.roles.list()}
        assert sorted(names[role] for role, user, _ in now.grants if user == user_id) == sorted(change.roles)
        cloud.client(user_id=user_id, password=change.password, unscoped=True).session.get_token()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: " ".join(change.route))
def test_a_change_without_faults_makes_so_many_calls(
    before: Proxy, prepared: Callable[[Change], Prepared], change: Change
) -> None:
    """Each change makes exactly as many calls as its row says, so that the trials leave none of them out."""
    ready = prepared(change)
    before.calls.clear()
    assert ready.function(ready.request)[0] == FUNCTIONS[change.route].answer.status_code
    assert len(before.calls) == change.calls
