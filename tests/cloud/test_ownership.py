"""Tests that only what is managed by Concertim can be changed or removed, through any path and with any id."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from keystoneauth1.exceptions import Forbidden

from functions.change_user_details import change_user_details
from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_team import delete_team
from functions.delete_user import delete_user
from functions.update_team_role import update_team_role
from lib.answer.body import Done
from lib.endpoint import Answer, endpoint
from lib.keystone.connect import connect
from lib.request.users import UserRemoval
from tests.support.answers import done, error, signed_up
from tests.support.bodies import ASKED, FUNCTIONS, Field, Given, Route, body_of, fields_of, ids_of, is_list, put
from tests.support.census import census
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Proxy

# Every field of every function that names a user or a project.
NAMING = [
    pytest.param(route, field, id=f"{' '.join(route)} {'.'.join(field)}") for route in ASKED for field in ids_of(route)
]
# Every path that finds a user by a login.
BY_LOGIN = [route for route in ASKED if ("username",) in fields_of(route)]


def ids(user: str, project: str) -> dict[str, str]:
    """Returns the ids as requests about team roles send them."""
    return {"user_id": user, "project_id": project}


@pytest.fixture
def env(cloud: Keystone) -> dict[str, Any]:
    """Returns the part of a request that names the cloud."""
    return {"cloud_env": cloud.cloud_env()}


def pair(cloud: Keystone, user_name: str, project_name: str) -> tuple[str, str]:
    """Makes a user who holds the role admin on their default project."""
    project = cloud.admin.projects.create(project_name, domain="default")
    user = cloud.admin.users.create(user_name, domain="default", password="correct-horse", default_project=project.id)
    [admin] = cloud.admin.roles.list(name="admin")
    cloud.admin.roles.grant(admin.id, user=user.id, project=project.id)
    return user.id, project.id


def theirs(cloud: Keystone, login: str, whose: str) -> tuple[str, str]:
    """Returns a user and a project that are not managed by Concertim."""
    if whose == "cloud_env's":
        admin = cloud.cloud_env_by_ids()
        return admin["user_id"], admin["project_id"]
    if whose == "a standing account's":
        [account] = cloud.admin.users.list(name="concertim", domain="default")
        # The older service named a team's project like this, yet this one belongs to the account.
        project = cloud.admin.projects.create(f"CM_{login}", domain="default").id
        cloud.admin.users.update(account.id, default_project=project)
        return account.id, project
    if whose == "another domain's":
        domain = cloud.admin.domains.create(f"elsewhere-{login}").id
        mark = {"concertim_kind": "user", "concertim_name": login}
        user = cloud.admin.users.create(f"concertim_{login}", domain=domain, password="correct-horse", **mark)
        mark |= {"concertim_kind": "project"}
        return user.id, cloud.admin.projects.create(f"concertim_{login}_project", domain=domain, **mark).id
    return pair(cloud, f"x-{login}", f"y-{login}")


def touches(cloud: Keystone, login: str, route: Route, field: Field, whose: str) -> tuple[Answer, bool]:
    """Returns the answer to a request that names in this field what Concertim does not manage.

    The second value tells whether the request has changed anything. All else that it names belongs to a finished
    sign-up.
    """
    _, signed_up = create_user_project({"cloud_env": cloud.cloud_env(), "username": login, "password": "correct-horse"})
    assert isinstance(signed_up, dict)
    user, project = theirs(cloud, login, whose)
    body = body_of(route, Given(login, signed_up["user_id"], signed_up["project_id"], "correct-horse"), field)
    before = census(cloud.admin)
    named = user if "user_id" in field[-1] else project
    put(body, field, [named] if is_list(field) else named)
    answer = FUNCTIONS[route]({"cloud_env": cloud.cloud_env(), **body})
    return answer, census(cloud.admin) != before


@pytest.mark.parametrize("whose", ["cloud_env's", "a standing account's", "somebody's", "another domain's"])
@pytest.mark.parametrize(("route", "field"), NAMING)
def test_what_is_not_concertims_is_refused_and_left_alone(
    cloud: Keystone, login: str, route: Route, field: Field, whose: str
) -> None:
    """Every function is tried, with every field of its model that holds an id."""
    (status, answer), touched = touches(cloud, login, route, field, whose)
    assert isinstance(answer, dict)
    assert (status, answer["error"], touched) in [(403, "not_concertims", False), (409, "name_taken", False)]


def test_an_endpoint_that_forgets_the_rule_is_found_out(
    cloud: Keystone, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that removes whatever it is told to shows that the test of the rule of ownership can fail."""

    @endpoint
    def careless(request: UserRemoval) -> Done:
        connect(request.cloud_env).delete_user(str(request.user_info.cloud_user_id))
        return Done()

    route = ("DELETE", "/user")
    monkeypatch.setitem(cast(dict[Route, Any], FUNCTIONS), route, careless)
    assert touches(cloud, login, route, ("user_info", "cloud_user_id"), "somebody's") == (done(), True)


@pytest.mark.parametrize(
    "whose", ["cloud_env's", "a standing account's", "another login's", "no mark's", "half marked"]
)
@pytest.mark.parametrize("route", BY_LOGIN)
def test_a_login_never_gets_what_is_not_its_own_by_a_password(
    cloud: Keystone, before: Proxy, login: str, settings_file: Callable[[str], Path], route: Route, whose: str
) -> None:
    """A user whose name fits and whose password is right is refused, and no password of theirs is even tried."""
    user, project = pair(cloud, f"concertim_{login}", f"x-{login}")
    env = cloud.cloud_env() | {"auth_url": before.auth_url}
    if whose == "cloud_env's":
        env = {"auth_url": before.auth_url, "user_id": user, "project_id": project, "password": "correct-horse"}
    elif whose == "a standing account's":
        settings_file(f"user_handler: {{standing_grants: [{{username: concertim_{login}, roles: [member]}}]}}")
    elif whose == "another login's":
        cloud.admin.users.update(user, concertim_kind="user", concertim_name="bob")
    elif whose == "half marked":
        cloud.admin.users.update(user, concertim_kind="user")
    else:
        settings_file("user_handler: {legacy_templates: {user_name: ['CM_{username}']}}")
    earlier = census(cloud.admin)
    body = body_of(route, Given(login, "", "", "correct-horse"))
    status, answer = FUNCTIONS[route]({"cloud_env": env, **body})
    assert isinstance(answer, dict)
    assert (status, answer["error"]) == (409, "name_taken")
    assert before.tokens() == 1
    assert census(cloud.admin) == earlier


def test_an_administrator_named_as_a_login_is_not_that_login(cloud: Keystone, login: str) -> None:
    """A person who signs up as `admin` never gets the operators' account `concertim_admin`, even with its password."""
    user, project = pair(cloud, f"concertim_admin-{login}", f"x-{login}")
    env = {"auth_url": cloud.auth_url, "user_id": user, "project_id": project, "password": "correct-horse"}
    request = {"cloud_env": env, "username": f"admin-{login}", "password": "correct-horse"}
    why = (
        f"User concertim_admin-{login} exists and is not login admin-{login}'s in Concertim: it is cloud_env's own, or"
        " a standing account's. Choose another login, or let an operator rename that user (openstack user set --name"
        f" NEW-NAME {user})."
    )
    before = census(cloud.admin)
    assert create_user_project(request) == error(409, "name_taken", why)
    why = f"cloud_user_id names a user that is not login admin-{login}'s in Concertim: it is cloud_env's own, or a"
    assert create_user_project(request | {"cloud_user_id": user}) == error(
        409, "name_taken", f"{why} standing account's."
    )
    assert census(cloud.admin) == before


@pytest.mark.parametrize("bad", ["../projects/x", "..", "a/b", "", "  ", None, 5, ["x"], "x" * 65])
@pytest.mark.parametrize(("route", "field"), NAMING)
def test_what_is_no_id_never_reaches_keystone(
    cloud: Keystone, login: str, route: Route, field: Field, bad: Any
) -> None:
    """A value that is no id is answered 400; a blank one counts as no id where the UI may not have one."""
    # This address is never dialled, so a request whose fields are accepted is answered 403.
    nowhere = cloud.cloud_env() | {"auth_url": "http://169.254.169.254"}
    body = put(body_of(route, Given(login, "0" * 32, "1" * 32), field), field, [bad] if is_list(field) else bad)
    status, answer = FUNCTIONS[route]({"cloud_env": nowhere, **body})
    assert isinstance(answer, dict)
    blank = bad is None or (isinstance(bad, str) and not bad.strip())
    # The UI sends null for ids that it does not have, when it removes something or may leave the field out.
    may_be_blank = (route[0] == "DELETE" or not fields_of(route)[field]) and not is_list(field)
    expected = (403, "auth_url_not_allowed") if blank and may_be_blank else (400, "bad_request")
    assert (status, answer["error"]) == expected


def test_another_persons_project_is_never_deleted_with_a_user(
    cloud: Keystone, login: str, env: dict[str, Any], request_of: RequestOf
) -> None:
    """A removal never deletes the project of another person, whether the user that it names exists or not."""
    _, ann = create_user_project(request_of())
    _, bob = create_user_project(request_of(username=f"{login}-2"))
    assert isinstance(ann, dict)
    assert isinstance(bob, dict)
    before = census(cloud.admin)
    for user_id in (ann["user_id"], "0" * 32):
        info = {"cloud_user_id": user_id, "project_id": bob["project_id"]}
        why = f"Project {bob['project_id']} is not that of user {user_id}."
        assert delete_user(env | {"user_info": info}) == error(403, "not_concertims", why)
    assert census(cloud.admin) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/user", {}),
        ("DELETE", "/user", {"user_info": {}}),
        ("DELETE", "/user", {"cloud_user_id": "0" * 32}),
        ("DELETE", "/delete_user", {"user_info": {"project_id": "0" * 32}}),
        ("DELETE", "/team", {"team_info": {"billing_acct_id": None}}),
        ("DELETE", "/team_role", {"team_role": {"role": "admin", "user_id": None}}),
    ],
)
def test_an_id_that_is_not_sent_at_all_is_no_id_that_is_null(
    env: dict[str, Any], method: str, path: str, body: dict[str, Any]
) -> None:
    """If a request without an id succeeded, the UI would believe that something was removed."""
    status, answer = FUNCTIONS[method, path](env | body)
    assert isinstance(answer, dict)
    assert (status, answer["error"]) == (400, "bad_request")
    assert re.fullmatch(r"\w+\.\w+_id: is required( \(\w+ is not known\))?", answer["message"])


@pytest.mark.parametrize("whose", ["cloud_env's", "a standing account's"])
@pytest.mark.parametrize("key", ["cloud_user_id", "project_id"])
def test_a_sign_up_never_gets_what_is_an_operators(
    cloud: Keystone,
    login: str,
    request_of: RequestOf,
    settings_file: Callable[[str], Path],
    whose: str,
    key: str,
) -> None:
    """An operator's user or project is refused even if its name fits a template of the older service."""
    # Where the project is refused, its owner has another name, so that the name of the sign-up's user is free.
    owner = f"concertim_{login}" if key == "cloud_user_id" else f"operator-{login}"
    user_id, project_id = pair(cloud, owner, f"concertim_{login}_project")
    changes: dict[str, Any] = {key: {"cloud_user_id": user_id, "project_id": project_id}[key]}
    if whose == "cloud_env's":
        by_id = {"auth_url": cloud.auth_url, "password": "correct-horse"}
        changes["cloud_env"] = by_id | {"user_id": user_id, "project_id": project_id}
    else:
        settings_file(f"user_handler: {{standing_grants: [{{username: {owner}, roles: [member]}}]}}")
    before = census(cloud.admin)
    what = "user" if key == "cloud_user_id" else "project"
    why = f"{key} names a {what} that is not login {login}'s in Concertim: it is cloud_env's own, or a standing"
    why += " account's."
    assert create_user_project(request_of(**changes)) == error(409, "name_taken", why)
    assert census(cloud.admin) == before


def test_a_user_who_needs_no_project_is_not_taken_back_by_a_sign_up(
    cloud: Keystone, login: str, env: dict[str, Any], request_of: RequestOf
) -> None:
    """POST /user has reported this user, so a later conflict over the name of a project must not remove them."""
    person = {"username": login, "password": "correct-horse"}
    status, ann = create_user(env | person)
    assert status == 201
    create_team(env | {"name": f"{login}_project"})
    before = census(cloud.admin)
    assert create_user_project(request_of())[0] == 409
    assert census(cloud.admin).users.keys() == before.users.keys()
    assert create_user(env | person) == (201, ann)


def test_a_project_that_outlived_its_user_is_deleted(
    cloud: Keystone, login: str, env: dict[str, Any], request_of: RequestOf
) -> None:
    """A repeated removal deletes the project that the first try left behind when it had removed the user."""
    _, ann = create_user_project(request_of())
    assert isinstance(ann, dict)
    cloud.admin.users.delete(ann["user_id"])
    info = {"cloud_user_id": ann["user_id"], "project_id": ann["project_id"]}
    assert delete_user(env | {"user_info": info}) == done()
    assert not census(cloud.admin).of(login).projects


@pytest.mark.parametrize("release", ["July 2023", "later"])
def test_what_the_older_service_made_is_adopted_changed_and_deleted(
    cloud: Keystone, login: str, env: dict[str, Any], request_of: RequestOf, release: str
) -> None:
    """Users and projects are recognised by the names that the releases of the older service gave them.

    The user, whom the older service made a cloud administrator, is none afterwards.
    """
    names = {
        "July 2023": (f"concertim_{login}", f"concertim_{login}_project"),
        "later": (f"CM_{login}", f"CM_{login}_proj"),
    }
    user, project = pair(cloud, *names[release])
    assert create_user_project(request_of(cloud_user_id=user, project_id=project)) == signed_up(login, user, project)
    person = cloud.client(user_id=user, password="correct-horse", project_id=project)
    assert person.users.list()
    change = {"current_role": "admin", "new_role": "member", **ids(user, project)}
    assert update_team_role(env | {"team_role": change}) == done()
    new_data = {"password": "battery-staple", "email": "ann@site.example"}
    assert change_user_details(env | {"user_info": {"cloud_user_id": user, "new_data": new_data}}) == done()
    # Keystone refuses tokens of the second in which it revoked others.
    time.sleep(1.1)
    person = cloud.client(user_id=user, password="battery-staple", project_id=project)
    assert sorted(person.session.auth.get_access(person.session).role_names) == ["member", "reader"]
    assert comes_to_refuse(person.users.list)
    assert delete_user(env | {"user_info": {"cloud_user_id": user, "project_id": project}}) == done()
    now = census(cloud.admin)
    assert user not in now.users
    assert project not in now.projects


def comes_to_refuse(ask: Callable[[], object]) -> bool:
    """Waits until Keystone forbids the call as often in a row as it has threads; returns whether it did.

    Each thread may have cached the former roles, and lets the call pass once more.
    """
    in_a_row, until = 0, time.monotonic() + 10
    while in_a_row < 16 and time.monotonic() < until:
        try:
            ask()
            in_a_row = 0
        except Forbidden:
            in_a_row += 1
    return in_a_row == 16


@pytest.mark.parametrize("made_by", ["Concertim", "the older service"])
def test_a_team_never_gets_a_persons_project_of_the_same_name(
    cloud: Keystone, login: str, env: dict[str, Any], request_of: RequestOf, made_by: str
) -> None:
    """The project of team ann_project would have the name of the project of login ann."""
    if made_by == "Concertim":
        create_user_project(request_of())
    else:
        pair(cloud, f"concertim_{login}", f"concertim_{login}_project")
    [project] = cloud.admin.projects.list(name=f"concertim_{login}_project")
    before = census(cloud.admin)
    why = (
        f"Project concertim_{login}_project exists and is not this team's."
        f" An operator can rename or remove it (openstack project show {project.id})."
    )
    assert create_team(env | {"name": f"{login}_project"}) == error(409, "name_taken", why)
    assert census(cloud.admin) == before


def test_a_person_never_gets_a_teams_project_of_the_same_name(
    cloud: Keystone, login: str, env: dict[str, Any], request_of: RequestOf
) -> None:
    """A sign-up whose project would have the name of a team's project is refused, and its user is removed again."""
    create_team(env | {"name": f"{login}_project"})
    before = census(cloud.admin)
    assert create_user_project(request_of())[0] == 409
    assert census(cloud.admin) == before


@pytest.mark.parametrize("name", ["x" * 56, "two words", "tab\tand\nnewline", " around "])
def test_a_team_of_any_name_of_the_ui_is_made_once(cloud: Keystone, login: str, env: dict[str, Any], name: str) -> None:
    """A name of fifty-six letters with the prefix is too long for a project's name, and is shortened."""
    team = f"{login[-6:]}{name}"[:56]
    status, body = create_team(env | {"name": team})
    assert isinstance(body, dict)
    project = cloud.admin.projects.get(body["project_id"]).to_dict()
    assert (status, body) == (201, {"project_id": project["id"], "billing_acct_id": project["id"]})
    assert project | {"concertim_kind": "team", "concertim_name": team, "tags": ["concertim"]} == project
    assert create_team(env | {"name": team}) == (status, body)
    assert delete_team(env | {"team_info": {"project_id": project["id"]}}) == done()


ROLES = "user_handler: {team_roles: {admin: manager, member: member}}"


def test_team_roles_follow_the_settings(
    cloud: Keystone, env: dict[str, Any], request_of: RequestOf, settings_file: Callable[[str], Path]
) -> None:
    """Where two team roles differ in Keystone, a change revokes the old role, and its repeat revokes nothing more."""
    _, ann = create_user_project(request_of())
    assert isinstance(ann, dict)
    settings_file(ROLES)
    names = ids(ann["user_id"], ann["project_id"])

    def held() -> list[str]:
        listed = cloud.admin.role_assignments.list(user=ann["user_id"], include_names=True)
        return sorted(one.role["name"] for one in listed)

    assert create_team_role(env | {"team_role": {"role": "admin", **names}}) == done()
    assert held() == ["manager", "member"]
    for current, new, left in (
        ("member", "admin", ["manager"]),
        ("member", "admin", ["manager"]),
        ("admin", "admin", ["manager"]),
        ("admin", "member", ["member"]),
        ("admin", "member", ["member"]),
    ):
        change = {"current_role": current, "new_role": new, **names}
        assert update_team_role(env | {"team_role": change}) == done()
        assert held() == left


def test_role_changes_that_cross_leave_a_role(
    cloud: Keystone, env: dict[str, Any], request_of: RequestOf, settings_file: Callable[[str], Path]
) -> None:
    """Two opposite changes may run in parallel: either result will do, but no role at all would lock the user out."""
    _, ann = create_user_project(request_of())
    assert isinstance(ann, dict)
    settings_file(ROLES)
    names = ids(ann["user_id"], ann["project_id"])
    changes = [{"current_role": "admin", "new_role": "member"}, {"current_role": "member", "new_role": "admin"}]
    for _ in range(5):
        with ThreadPoolExecutor(2) as threads:
            requests = [env | {"team_role": change | names} for change in changes]
            assert list(threads.map(update_team_role, requests)) == [done(), done()]
        assert cloud.admin.role_assignments.list(user=ann["user_id"])


def gone(what: str) -> Answer:
    """Returns the answer where the user or project that was named does not exist."""
    return error(404, "not_found", f"There is no {what} in the cloud.")


def test_a_grant_or_change_for_nobody_is_404(env: dict[str, Any], request_of: RequestOf) -> None:
    """A grant or a change for a user or project that does not exist is 404; only a removal of it succeeds."""
    _, ann = create_user_project(request_of())
    assert isinstance(ann, dict)
    nobody = "0" * 32
    member = {"role": "member", **ids(nobody, ann["project_id"])}
    assert create_team_role(env | {"team_role": member}) == gone(f"user {nobody}")
    member = {"role": "member", **ids(ann["user_id"], nobody)}
    assert create_team_role(env | {"team_role": member}) == gone(f"project {nobody}")
    change = {"cloud_user_id": nobody, "new_data": {"password": "battery-staple"}}
    assert change_user_details(env | {"user_info": change}) == gone(f"user {nobody}")


def test_a_role_that_the_cloud_lacks_is_told_with_what_makes_it(
    env: dict[str, Any], request_of: RequestOf, settings_file: Callable[[str], Path]
) -> None:
    """A team role that Keystone lacks is answered as a sign-up answers it, with the command that makes the role."""
    _, ann = create_user_project(request_of())
    assert isinstance(ann, dict)
    settings_file("user_handler: {team_roles: {admin: team-lead}}")
    why = "The cloud is not prepared for Concertim: it has no role team-lead. Run: openstack role create team-lead"
    member = {"role": "admin", **ids(ann["user_id"], ann["project_id"])}
    assert create_team_role(env | {"team_role": member}) == error(424, "cloud_not_prepared", why)
