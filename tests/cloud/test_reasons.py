"""The reason that Keystone gives for a refusal is the one that is told, with what helps; and that does help."""

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
from lib.endpoint import done
from lib.errors import Answer
from tests.answers import error
from tests.census import census
from tests.cloud.strict import PASSWORD, Strict, ids_in, through
from tests.proxy import Proxy

TOO_LONG = (
    "The password length must be less than or equal to 72."
    " The server could not comply with the request because the password is invalid."
)


@dataclass(frozen=True)
class Removal:
    """A request that is to remove a project, and the user in it if there is one."""

    ask: Callable[[], Answer]
    project: str
    user: str | None

    def is_done(self, strict: Strict) -> bool:
        """Whether both are gone."""
        held = census(strict.cloud.admin)
        return self.project not in held.projects and self.user not in held.users


def forbidden(step: str, rule: str) -> str:
    """What is told where the policy lets nobody do this."""
    return (
        f"Keystone's policy does not let cloud_env's account {step}: You are not authorized to perform the requested"
        f" action: {rule}. The account has the role admin, so it is the policy that would have to change."
    )


@pytest.fixture
def env(strict: Strict, front: Proxy) -> dict[str, Any]:
    """The cloud environment of a request, which goes through the proxy."""
    return through(front, strict.cloud.cloud_env())


@pytest.fixture
def person(env: dict[str, Any], front: Proxy, login: str) -> tuple[str, str]:
    """The user and the project of somebody who has signed up."""
    made = ids_in(create_user_project({"cloud_env": env, "username": login, "password": PASSWORD}))
    front.calls.clear()
    return made


@pytest.fixture
def team(env: dict[str, Any], front: Proxy, login: str) -> str:
    """The project of a team."""
    status, body = create_team({"cloud_env": env, "name": login})
    assert status == 201
    assert isinstance(body, dict)
    front.calls.clear()
    return str(body["project_id"])


@pytest.fixture(params=["delete_user", "delete_team"])
def removal(request: pytest.FixtureRequest, env: dict[str, Any], login: str) -> Removal:
    """A request to each of the paths that remove a project."""
    if request.param == "delete_team":
        team = request.getfixturevalue("team")
        return Removal(partial(delete_team, {"cloud_env": env, "team_info": {"project_id": team}}), team, None)
    user, project = request.getfixturevalue("person")
    info = {"cloud_user_id": user, "project_id": project}
    return Removal(partial(delete_user, {"cloud_env": env, "user_info": info}), project, user)


def removals(front: Proxy) -> list[str]:
    """What Keystone was asked to remove."""
    return [path for method, path in front.calls if method == "DELETE"]


@pytest.mark.parametrize("by", [create_user_project, create_user])
def test_a_password_beyond_keystones_limit_is_no_matter_of_rights(
    strict: Strict, front: Proxy, env: dict[str, Any], login: str, by: Callable[[object], Answer]
) -> None:
    """The limit is named, Keystone is asked once, and nothing is made."""
    held = census(strict.cloud.admin)
    answer = by({"cloud_env": env, "username": login, "name": "Ann", "password": "x" * 80})
    assert answer == error(400, "bad_request", f"Keystone refuses to create the user: {TOO_LONG}")
    assert census(strict.cloud.admin) == held
    assert front.calls.count(("POST", "/users")) == 1


def test_a_new_password_beyond_keystones_limit_changes_nothing(
    strict: Strict, front: Proxy, env: dict[str, Any], person: tuple[str, str]
) -> None:
    """Nor does the e-mail that came with it."""
    held = census(strict.cloud.admin)
    info = {"cloud_user_id": person[0], "new_data": {"password": "x" * 80, "email": "new@site.example"}}
    answer = change_user_details({"cloud_env": env, "user_info": info})
    assert answer == error(400, "bad_request", f"Keystone refuses to change the user: {TOO_LONG}")
    assert census(strict.cloud.admin) == held
    assert front.calls.count(("PATCH", f"/users/{person[0]}")) == 1


def test_a_password_of_cloud_env_beyond_keystones_limit_is_told_as_that(
    strict: Strict, env: dict[str, Any], login: str
) -> None:
    """Keystone refuses such a log-in with 403, whoever's the password is."""
    answer = create_user_project({"cloud_env": env | {"password": "x" * 80}, "username": login, "password": PASSWORD})
    sent = "user admin of domain id default, project admin of domain id default"
    why = f"Keystone refuses the log-in of cloud_env's account ({sent}): {TOO_LONG}"
    assert answer == error(403, "cloud_env_refused", why)


def test_a_project_with_a_subproject_stays_and_so_does_its_user(strict: Strict, front: Proxy, removal: Removal) -> None:
    """Until the subprojects, which the command lists, are removed."""
    project = removal.project
    admin = strict.cloud.admin
    admin.projects.create(f"below-{project}", domain="default", parent=project)
    held = census(admin)
    why = (
        f"Keystone refuses to remove the project: Cannot delete the project {project} since it is not a leaf in the"
        " hierarchy. Use the cascade option if you want to delete a whole subtree. Remove its subprojects first:"
        f" openstack project list --parent {project} has them."
    )
    assert removal.ask() == error(409, "state_conflict", why)
    assert census(admin) == held
    assert removals(front) == [f"/projects/{project}"]
    for one in admin.projects.list(parent=project):
        admin.projects.delete(one.id)
    assert removal.ask() == done()
    assert removal.is_done(strict)


def test_an_immutable_project_stays_and_so_does_its_user(strict: Strict, front: Proxy, removal: Removal) -> None:
    """Until an operator has said that it may go."""
    project = removal.project
    admin = strict.cloud.admin
    admin.projects.update(project, options={"immutable": True})
    held = census(admin)
    why = (
        f"Keystone refuses to remove the project: Unable to delete immutable project resource: `{project}. Set resource"
        ' option "immutable" to false first. If it may go, an operator says so: openstack project set --no-immutable'
        f" {project}"
    )
    assert removal.ask() == error(409, "state_conflict", why)
    assert census(admin) == held
    assert removals(front) == [f"/projects/{project}"]
    # What the command sends.
    admin.projects.update(project, options={"immutable": False})
    assert removal.ask() == done()
    assert removal.is_done(strict)


def test_where_the_policy_keeps_the_project_the_user_is_kept_too(
    strict: Strict,
    front: Proxy,
    caplog: pytest.LogCaptureFixture,
    removal: Removal,
) -> None:
    """The account has the role admin, so that is not what is missing. Tried again, as a policy may be loading."""
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
    """First a 503, as something was changed; the repeat changes nothing; once it is allowed it ends well."""
    user, project = person
    info = {"cloud_user_id": user, "project_id": project}
    why = forbidden("remove the user", "identity:delete_user")
    with strict.forbidding("identity:delete_user"):
        begun = "Begun but not finished; repeat the same request. What stopped it: "
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
