"""Tests that a refusal is answered with the reason that Keystone gives and with a remedy that does help."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from functions.change_user_details import change_user_details
from functions.create_team import create_team
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_team import delete_team
from functions.delete_user import delete_user
from lib.endpoint import Answer
from lib.keystone.connect import clear_connections
from tests.cloud.strict import PASSWORD, Strict, ids_in, through
from tests.support.answers import done, error, refusal
from tests.support.census import census
from tests.support.proxy import Answered, Proxy

TOO_LONG = (
    "The password length must be less than or equal to 72."
    " The server could not comply with the request because the password is invalid."
)

pytestmark = pytest.mark.usefixtures("usable_passwords")


@dataclass(frozen=True)
class Removal:
    """A request that is to remove a project, and with it the user if there is one."""

    ask: Callable[[], Answer]
    project: str
    user: str | None

    def is_done(self, strict: Strict) -> bool:
        """Returns whether the project and the user are removed."""
        held = census(strict.cloud.admin)
        return self.project not in held.projects and self.user not in held.users


def forbidden(step: str, rule: str) -> str:
    """Returns the message where Keystone's policy lets nobody do this."""
    return (
        f"Keystone's policy does not let cloud_env's account {step}: You are not authorized to perform the requested"
        f" action: {rule}. The account holds the role admin: the policy itself would have to change."
    )


@pytest.fixture
def env(strict: Strict, front: Proxy) -> dict[str, Any]:
    """Returns a cloud environment that reaches Keystone through the proxy."""
    return through(front, strict.cloud.cloud_env())


@pytest.fixture
def person(env: dict[str, Any], front: Proxy, login: str) -> tuple[str, str]:
    """Returns the user and the project of somebody who has signed up."""
    made = ids_in(create_user_project({"cloud_env": env, "username": login, "password": PASSWORD}))
    front.calls.clear()
    return made


@pytest.fixture
def team(env: dict[str, Any], front: Proxy, login: str) -> str:
    """Returns the project of a team."""
    status, body = create_team({"cloud_env": env, "name": login})
    assert status == 201
    assert isinstance(body, dict)
    front.calls.clear()
    return str(body["project_id"])


@pytest.fixture(params=["delete_user", "delete_team"])
def removal(request: pytest.FixtureRequest, env: dict[str, Any], login: str) -> Removal:
    """Returns a request to each of the two paths that remove a project."""
    if request.param == "delete_team":
        team = request.getfixturevalue("team")
        return Removal(partial(delete_team, {"cloud_env": env, "team_info": {"project_id": team}}), team, None)
    user, project = request.getfixturevalue("person")
    info = {"cloud_user_id": user, "project_id": project}
    return Removal(partial(delete_user, {"cloud_env": env, "user_info": info}), project, user)


def removals(front: Proxy) -> list[str]:
    """Returns the paths that Keystone was asked to delete."""
    return [path for method, path in front.calls if method == "DELETE"]


@pytest.mark.parametrize("by", [create_user_project, create_user])
def test_a_password_beyond_keystones_limit_is_no_matter_of_rights(
    strict: Strict, front: Proxy, env: dict[str, Any], login: str, by: Callable[[object], Answer]
) -> None:
    """The answer names the limit although Keystone says 403; Keystone is asked once, and nothing is made."""
    held = census(strict.cloud.admin)
    answer = by({"cloud_env": env, "username": login, "name": "Ann", "password": "x" * 80})
    assert answer == error(400, "bad_request", f"Keystone refuses to create the user: {TOO_LONG}")
    assert census(strict.cloud.admin) == held
    assert front.calls.count(("POST", "/users")) == 1


def test_a_new_password_beyond_keystones_limit_changes_nothing(
    strict: Strict, front: Proxy, env: dict[str, Any], person: tuple[str, str]
) -> None:
    """A change whose password is refused does not change the e-mail address either."""
    held = census(strict.cloud.admin)
    info = {"cloud_user_id": person[0], "new_data": {"password": "x" * 80, "email": "new@site.example"}}
    answer = change_user_details({"cloud_env": env, "user_info": info})
    assert answer == error(400, "bad_request", f"Keystone refuses to change the user: {TOO_LONG}")
    assert census(strict.cloud.admin) == held
    assert front.calls.count(("PATCH", f"/users/{person[0]}")) == 1


def test_a_password_of_cloud_env_beyond_keystones_limit_is_told_as_that(
    strict: Strict, env: dict[str, Any], login: str
) -> None:
    """Keystone refuses a log-in with such a password with 403, and the answer repeats its reason."""
    answer = create_user_project({"cloud_env": env | {"password": "x" * 80}, "username": login, "password": PASSWORD})
    sent = "user admin of domain Default, project admin of domain Default"
    why = f"Keystone refuses the log-in of cloud_env's account ({sent}): {TOO_LONG}"
    assert answer == error(403, "cloud_env_refused", why)


def test_a_project_with_a_subproject_stays_and_so_does_its_user(strict: Strict, front: Proxy, removal: Removal) -> None:
    """A project can be removed once its subprojects, which the command in the message lists, are removed."""
    project = removal.project
    admin = strict.cloud.admin
    admin.projects.create(f"below-{project}", domain="default", parent=project)
    held = census(admin)
    why = (
        f"Keystone refuses to remove the project: Cannot delete the project {project} since it is not a leaf in the"
        " hierarchy. Use the cascade option if you want to delete a whole subtree. Remove its subprojects first"
        f" (openstack project list --parent {project})."
    )
    assert removal.ask() == error(409, "state_conflict", why)
    assert census(admin) == held
    assert removals(front) == [f"/projects/{project}"]
    for one in admin.projects.list(parent=project):
        admin.projects.delete(one.id)
    assert removal.ask() == done()
    assert removal.is_done(strict)


def test_an_immutable_project_stays_and_so_does_its_user(strict: Strict, front: Proxy, removal: Removal) -> None:
    """An immutable project can be removed once an operator has run the command in the message."""
    project = removal.project
    admin = strict.cloud.admin
    admin.projects.update(project, options={"immutable": True})
    held = census(admin)
    why = (
        f"Keystone refuses to remove the project: Unable to delete immutable project resource: `{project}. Set resource"
        ' option "immutable" to false first. To allow its removal: openstack project set --no-immutable'
        f" {project}"
    )
    assert removal.ask() == error(409, "state_conflict", why)
    assert census(admin) == held
    assert removals(front) == [f"/projects/{project}"]
    # The command in the message sends this.
    admin.projects.update(project, options={"immutable": False})
    assert removal.ask() == done()
    assert removal.is_done(strict)


def test_where_the_policy_keeps_the_project_the_user_is_kept_too(
    strict: Strict,
    front: Proxy,
    caplog: pytest.LogCaptureFixture,
    removal: Removal,
) -> None:
    """The account of cloud_env holds the role admin, so the message does not say that a role is missing.

    Keystone is asked three times, since its policy may be just loading.
    """
    project = removal.project
    held = census(strict.cloud.admin)
    with strict.forbidding("identity:delete_project"):
        caplog.clear()
        assert removal.ask() == error(403, "rights_missing", forbidden("remove the project", "identity:delete_project"))
    assert census(strict.cloud.admin) == held
    assert removals(front) == [f"/projects/{project}"] * 3
    assert caplog.messages[-1].endswith("; repeat: does not help")
    assert removal.ask() == done()
    assert removal.is_done(strict)


def test_where_the_policy_keeps_the_user_the_project_is_gone_and_that_is_told(
    strict: Strict, env: dict[str, Any], person: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The first answer is 503, as the project was removed; a repeat succeeds once the policy allows it."""
    user, project = person
    info = {"cloud_user_id": user, "project_id": project}
    why = forbidden("remove the user", "identity:delete_user")
    with strict.forbidding("identity:delete_user"):
        begun = "Begun but not finished; repeat the same request once this is mended: "
        caplog.clear()
        assert delete_user({"cloud_env": env, "user_info": info}) == error(503, "unfinished", begun + why)
        assert caplog.messages[-1].endswith("; repeat: helps once the problem is mended")
        held = census(strict.cloud.admin)
        assert (user in held.users, project in held.projects) == (True, False)
        for sent in (info, {"cloud_user_id": user}):
            assert delete_user({"cloud_env": env, "user_info": sent}) == error(403, "rights_missing", why)
        assert census(strict.cloud.admin) == held
    assert delete_user({"cloud_env": env, "user_info": info}) == done()
    assert user not in census(strict.cloud.admin).users


def test_a_directory_that_says_so_is_read_only_is_told_with_what_can_be_done(
    strict: Strict, front: Proxy, env: dict[str, Any], login: str
) -> None:
    """Keystone says that a directory is read-only when insecure_debug is on; here the proxy answers in its words."""
    said = "LDAP does not support write operations (Disable insecure_debug mode to suppress these details.)"
    front.instead = lambda method, path: refusal(403, said) if (method, path) == ("POST", "/users") else None
    why = (
        f"Keystone refuses to create the user: {said} The domain is read-only: then users are made, changed and removed"
        " in the directory. To sign users up in a domain that Keystone keeps by itself, name that domain in the setting"
        " user_domain."
    )
    held = census(strict.cloud.admin)
    answer = create_user_project({"cloud_env": env, "username": login, "password": PASSWORD})
    assert answer == error(403, "rights_missing", why)
    assert front.calls.count(("POST", "/users")) == 1
    assert census(strict.cloud.admin) == held


def page(status: int) -> Answered:
    """Returns a page that a proxy answers by itself."""
    return status, {"Content-Type": "text/html"}, b"<html>Sorry</html>"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (
            500,
            error(502, "keystone_failed", "Keystone failed to create the user, with status 500. Repeat the request."),
        ),
        (
            502,
            error(502, "keystone_failed", "Keystone failed to create the user, with status 502. Repeat the request."),
        ),
        (503, error(503, "keystone_busy", "Keystone is too busy to create the user. Repeat the request.")),
        (
            504,
            error(502, "keystone_failed", "Keystone failed to create the user, with status 504. Repeat the request."),
        ),
    ],
)
def test_a_failure_may_pass_whoever_tells_it(
    front: Proxy,
    env: dict[str, Any],
    login: str,
    caplog: pytest.LogCaptureFixture,
    status: int,
    answer: Answer,
) -> None:
    """Each of the three tries meets the failure in another form: Keystone's own, plain text, and a page."""
    error_of_keystone = refusal(status, "An unexpected error prevented the server from fulfilling your request.")
    forms = iter([error_of_keystone, (status, {"Content-Type": "text/plain"}, b"Internal Server Error"), page(status)])
    front.instead = lambda method, path: next(forms) if (method, path) == ("POST", "/users") else None
    assert create_user_project({"cloud_env": env, "username": login, "password": PASSWORD}) == answer
    assert list(forms) == []
    assert caplog.messages[-1].endswith("; repeat: helps")


@pytest.mark.parametrize("status", [501, 505])
def test_what_keystone_never_says_shows_that_it_is_another(
    strict: Strict,
    front: Proxy,
    env: dict[str, Any],
    person: tuple[str, str],
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    """A call that is answered with a status that Keystone never sends is not repeated, at a log-in or in a change."""
    held = census(strict.cloud.admin)
    why = f"What answers at cloud_env.auth_url is not a Keystone v3: it answered {status}."
    info = {"cloud_user_id": person[0], "project_id": person[1]}
    front.instead = lambda method, _path: page(status) if method == "DELETE" else None
    assert delete_user({"cloud_env": env, "user_info": info}) == error(502, "not_a_keystone", why)
    assert caplog.messages[-1].endswith("; repeat: helps once the problem is mended")
    clear_connections()
    front.instead = lambda method, _path: page(status)
    assert delete_user({"cloud_env": env, "user_info": info}) == error(502, "not_a_keystone", why)
    assert caplog.messages[-1].endswith("; repeat: does not help")
    assert removals(front) == [f"/projects/{person[1]}"]
    assert front.tokens() == 1
    assert census(strict.cloud.admin) == held


def test_too_large_is_believed_of_anybody(
    strict: Strict, front: Proxy, env: dict[str, Any], login: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Keystone's own 413 is a page, too, so it is believed; Keystone is asked once, and nothing is made."""
    held = census(strict.cloud.admin)
    front.instead = lambda method, path: page(413) if (method, path) == ("POST", "/users") else None
    answer = create_user_project({"cloud_env": env, "username": login, "password": PASSWORD})
    assert answer == error(400, "bad_request", "The request is too large for Keystone, or for a proxy before it.")
    assert front.calls.count(("POST", "/users")) == 1
    assert caplog.messages[-1].endswith("; repeat: does not help")
    assert census(strict.cloud.admin) == held
