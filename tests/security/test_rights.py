"""Tests that the policy in SECURITY.md is enough for every function, and does not make the account an administrator."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from keystoneauth1.exceptions import Forbidden
from keystoneclient.v3.client import Client

from functions.change_user_details import change_user_details
from functions.check_cloud import check_cloud
from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_team import delete_team
from functions.delete_team_role import delete_team_role
from functions.delete_user import delete_user
from functions.list_user_projects import list_user_projects
from functions.repair_user_projects import repair_user_projects
from functions.update_team_role import update_team_role
from lib.endpoint import Answer
from tests.support.answers import done
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone, keystone
from tests.support.service import ROOT

# Settings with which Keystone is asked for more.
DOMAINS_AND_OPTIONS = (
    ", user_domain: default, project_domain: default, user_options: [ignore_change_password_upon_first_use]"
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Keystone, dict[str, Any]]]:
    """Runs a Keystone with the policy of SECURITY.md, and an account that has only the role which the policy names."""
    rules = re.findall(r'^    (".+": ".+")$', (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    assert len(rules) > 15
    policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
    policy.write_text("\n".join(rules))
    with keystone({"oslo_policy": {"policy_file": str(policy)}}) as cloud:
        role = cloud.admin.roles.create("user_handler")
        account = cloud.admin.users.create("user_handler", domain="default", password="of-the-handler")
        home = cloud.admin.projects.create("user_handler", domain="default")
        cloud.admin.roles.grant(role.id, user=account.id, project=home.id)
        ids = {"user_id": account.id, "project_id": home.id}
        yield cloud, {"auth_url": cloud.auth_url, "password": "of-the-handler", **ids}


@pytest.fixture(autouse=True)
def _grants(settings_file: Callable[[str], Path]) -> None:
    """Sets cloud_env_roles to the policy's role, because the account cannot grant the default, `admin`."""
    settings_file("user_handler: {cloud_env_roles: [user_handler]}")


def made(answer: Answer) -> dict[str, Any]:
    """Asserts that the answer is a success, and returns its body."""
    status, body = answer
    assert (status in (200, 201), type(body)) == (True, dict)
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize("more", ["", DOMAINS_AND_OPTIONS])
def test_the_policy_is_enough_for_every_function(
    strict: tuple[Keystone, dict[str, Any]], login: str, settings_file: SettingsFile, more: str
) -> None:
    """The account can do all that every function needs, including repeated requests and changed passwords."""
    cloud, cloud_env = strict
    settings_file(f"user_handler: {{cloud_env_roles: [user_handler]{more}}}")

    def ask(function: Callable[[dict[str, Any]], Answer], **body: Any) -> dict[str, Any]:
        return made(function({"cloud_env": cloud_env, **body}))

    person = {"username": login, "password": "correct-horse"}
    ids = ask(create_user_project, **person)
    assert ask(create_user_project, **person) == ids
    change = {"cloud_user_id": ids["user_id"], "new_data": {"password": "battery-staple", "email": "a@b.example"}}
    ask(change_user_details, user_info=change)
    ask(create_user_project, **person | {"password": "battery-staple"})
    user_id = ask(create_user, username=f"{login}-2", password="correct-horse")["user_cloud_id"]
    # A user whose password was just set under a claim gets no other one so soon.
    ask(create_user, username=f"{login}-2", password="correct-horse" if more else "another")
    project_id = ask(create_team, name=f"{login} team")["project_id"]
    membership = {"user_id": user_id, "project_id": project_id}
    ask(create_team_role, team_role={"role": "admin", **membership})
    ask(update_team_role, team_role={"current_role": "admin", "new_role": "member", **membership})
    ask(delete_team_role, team_role={"role": "member", **membership})
    ask(delete_team, team_info={"project_id": project_id})
    assert ask(check_cloud)["ready"]
    assert [one["login"] for one in ask(list_user_projects)["entries"]].count(login) == 1
    let_be_repaired(cloud, **ids)
    repairs = ask(repair_user_projects, apply=True)["repairs"]
    assert [one["action"] for one in repairs if one["user_id"] == ids["user_id"]] == [
        "Grant the roles that are missing"
    ]
    removal = {"cloud_user_id": ids["user_id"], "project_id": ids["project_id"]}
    assert (201, ask(delete_user, user_info=removal)) == done()


def let_be_repaired(cloud: Keystone, user_id: str, project_id: str, **_: Any) -> None:
    """Revokes the user's role on the project, makes both old, and lets the user be in a group that has a role there."""
    admin, old = cloud.admin, {"concertim_created": "2026-01-01T00:00:00+00:00"}
    admin.roles.revoke(role(cloud, "member"), user=user_id, project=project_id)
    admin.users.update(user_id, **old)
    admin.projects.update(project_id, **old)
    group = admin.groups.create(f"group-{user_id}", domain="default").id
    admin.users.add_to_group(user_id, group)
    admin.roles.grant(role(cloud, "reader"), group=group, project=project_id)


# Somebody who has stolen the account's password might try each of these.
ESCAPES: dict[str, Callable[[Client, Keystone, dict[str, Any], str], Any]] = {
    "change the administrator": lambda own, cloud, _env, _project: own.users.update(
        cloud.admin.session.get_user_id(), password="mine"
    ),
    "remove the administrator": lambda own, cloud, _env, _project: own.users.delete(cloud.admin.session.get_user_id()),
    "mark the administrator": lambda own, cloud, _env, _project: own.users.update(
        cloud.admin.session.get_user_id(), concertim_kind="user"
    ),
    "be admin at home": lambda own, cloud, env, _project: own.roles.grant(
        role(cloud, "admin"), user=env["user_id"], project=env["project_id"]
    ),
    "be admin of a person's project": lambda own, cloud, env, project: own.roles.grant(
        role(cloud, "admin"), user=env["user_id"], project=project
    ),
    "be manager of a person's project": lambda own, cloud, env, project: own.roles.grant(
        role(cloud, "manager"), user=env["user_id"], project=project
    ),
    "be admin of the domain": lambda own, cloud, env, _project: own.roles.grant(
        role(cloud, "admin"), user=env["user_id"], domain="default"
    ),
    "be admin of the system": lambda own, cloud, env, _project: own.roles.grant(
        role(cloud, "admin"), user=env["user_id"], system="all"
    ),
    "be a member of the administrators' project": lambda own, cloud, env, _project: own.roles.grant(
        role(cloud, "member"), user=env["user_id"], project=cloud.admin.session.get_project_id()
    ),
    "remove the administrators' project": lambda own, cloud, _env, _project: own.projects.delete(
        cloud.admin.session.get_project_id()
    ),
    "make admin follow from member": lambda own, cloud, _env, _project: own.inference_rules.create(
        role(cloud, "member"), role(cloud, "admin")
    ),
    "make a role": lambda own, _cloud, _env, _project: own.roles.create("another"),
}


def role(cloud: Keystone, name: str) -> str:
    """Returns the id of the role with this name."""
    return str(cloud.admin.roles.list(name=name)[0].id)


@pytest.mark.parametrize("escape", ESCAPES)
def test_the_account_cannot_become_an_administrator(
    strict: tuple[Keystone, dict[str, Any]], login: str, escape: str
) -> None:
    """Keystone forbids the account to gain further rights and to change what Concertim does not manage."""
    cloud, cloud_env = strict
    person = {"cloud_env": cloud_env, "username": login, "password": "correct-horse"}
    project_id = made(create_user_project(person))["project_id"]
    credentials = {key: cloud_env[key] for key in ("user_id", "password", "project_id")}
    with pytest.raises(Forbidden):
        ESCAPES[escape](cloud.client(**credentials), cloud, cloud_env, project_id)
