"""Tests of domains: how cloud_env and the settings name them, and where users and projects are created."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.change_user_details import change_user_details
from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_team import delete_team
from functions.delete_user import delete_user
from lib.endpoint import Answer
from tests.cloud.strict import ids_in
from tests.support.answers import done, error, signed_up
from tests.support.census import census, finished
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import ADMIN_PASSWORD, Keystone, keystone

STANDING = "user_handler: {{standing_grants: [{{username: concertim, roles: [watcher], user_domain_name: {}}}]}}"


def unprepared(what: str) -> Answer:
    """Returns the answer where something is missing, with what the message says of it."""
    return error(424, "cloud_not_prepared", f"The cloud is not prepared for Concertim: it has no {what}")


@dataclass
class Elsewhere:
    """A domain that cloud_env's account is not in."""

    id: str
    name: str = field(default_factory=lambda: f"people-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def elsewhere(cloud: Keystone) -> Elsewhere:
    """Makes a domain for Concertim's users or projects."""
    made = Elsewhere("")
    made.id = cloud.admin.domains.create(made.name).id
    return made


@pytest.fixture(scope="module")
def renamed() -> Iterator[Keystone]:
    """Runs a Keystone whose domain with the id `default` has another name, and whose domain `Default` another id."""
    with keystone() as running:
        running.admin.domains.update("default", name="Operators")
        made = running.admin.domains.create("Default")
        # The accounts have the same names and passwords in both.
        admin = running.admin.users.create("admin", domain=made.id, password=ADMIN_PASSWORD)
        project = running.admin.projects.create("admin", domain=made.id)
        running.admin.roles.grant(running.admin.roles.list(name="admin")[0].id, user=admin.id, project=project.id)
        running.admin.users.create("concertim", domain=made.id, password="another-concertim")
        yield running


@dataclass(frozen=True)
class OfOperators:
    """A Keystone that has no domain with the name `Default`, and the two forms of its cloud_env."""

    cloud: Keystone
    by_name: dict[str, Any]
    by_ids: dict[str, Any]


@pytest.fixture(scope="module")
def of_operators() -> Iterator[OfOperators]:
    """Runs a Keystone whose domain with the id `default` has another name, and whose only domain it is."""
    with keystone() as running:
        made = OfOperators(running, running.cloud_env(), running.cloud_env_by_ids())
        running.admin.domains.update("default", name="Operators")
        yield made


@pytest.mark.parametrize("user_domain", ["default", "Default"])
@pytest.mark.parametrize("project_domain", ["default", "Default"])
def test_the_first_domain_of_a_keystone_is_found_by_either_spelling(
    cloud: Keystone, login: str, request_of: RequestOf, user_domain: str, project_domain: str
) -> None:
    """Samples of Concertim's have both spellings, and Keystone's database here tells them apart."""
    env = cloud.cloud_env() | {"user_domain_name": user_domain, "project_domain_name": project_domain}
    assert create_user_project(request_of(cloud_env=env)) == finished(cloud, login)


@pytest.mark.parametrize("spelled", ["default", "Default"])
def test_a_domain_of_that_name_comes_before_the_domain_of_that_id(renamed: Keystone, login: str, spelled: str) -> None:
    """Where an operator has made a domain `Default` of another id, it is the one that is meant."""
    domain_id = renamed.admin.domains.list(name="Default")[0].id
    env = renamed.cloud_env() | {"user_domain_name": spelled, "project_domain_name": spelled}
    request = {"cloud_env": env, "username": login, "password": "correct-horse"}
    user_id, project_id = ids_in(create_user_project(request))
    held = census(renamed.admin)
    assert (held.users[user_id]["domain_id"], held.projects[project_id]["domain_id"]) == (domain_id, domain_id)


def test_a_domain_whose_name_was_changed_is_still_found_by_the_id_default(
    of_operators: OfOperators, login: str
) -> None:
    """Where no domain has either name, `Default` means the domain with the id `default`, as it did before."""
    request = {"cloud_env": of_operators.by_name, "username": login, "password": "correct-horse"}
    user_id, project_id = ids_in(create_user_project(request))
    assert create_user_project(request) == signed_up(login, user_id, project_id)


@pytest.mark.parametrize("spelled", ["default", "Default"])
def test_the_domain_of_a_standing_account_may_be_spelled_either_way(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile, spelled: str
) -> None:
    """The setting names the domain as cloud_env may."""
    settings_file(STANDING.format(spelled))
    _, project_id = ids_in(create_user_project(request_of()))
    [concertim] = cloud.admin.users.list(name="concertim", domain="default")
    granted = {(whose, where) for _, whose, where in census(cloud.admin).grants}
    assert (concertim.id, project_id) in granted


def test_the_domain_of_a_standing_account_may_have_another_name_by_now(
    of_operators: OfOperators, login: str, settings_file: SettingsFile
) -> None:
    """The domain with the id `default` is found by that id, and a missing account is to be made in that domain."""
    settings_file("user_handler: {standing_grants: [{username: nobody, roles: [admin], user_domain_name: default}]}")
    request = {"cloud_env": of_operators.by_ids, "username": login, "password": "correct-horse"}
    command = "openstack user create --domain default --password-prompt nobody"
    assert create_user_project(request) == unprepared(f"user nobody in domain default. Run: {command}")


def test_users_and_projects_are_created_where_the_settings_say(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile, elsewhere: Elsewhere
) -> None:
    """Everything that the UI does works in the other domain, and the standing accounts stay in that of cloud_env."""
    settings_file(f"user_handler: {{user_domain: {elsewhere.name}, project_domain: {elsewhere.name}}}")
    request = request_of()
    user_id, project_id = ids_in(create_user_project(request))
    held = census(cloud.admin)
    assert (held.users[user_id]["domain_id"], held.projects[project_id]["domain_id"]) == (elsewhere.id, elsewhere.id)
    assert len([one for one in held.grants if one[2] == project_id]) == 4
    assert create_user_project(request) == signed_up(login, user_id, project_id)
    known = request_of(cloud_user_id=user_id, project_id=project_id)
    assert create_user_project(known) == signed_up(login, user_id, project_id)
    env = {"cloud_env": cloud.cloud_env()}
    change = {"cloud_user_id": user_id, "new_data": {"password": "battery-staple"}}
    assert change_user_details(env | {"user_info": change}) == done()
    status, team = create_team(env | {"name": f"{login} team"})
    assert (status, type(team)) == (201, dict)
    assert cloud.admin.projects.get(team["project_id"]).domain_id == elsewhere.id  # type: ignore[index]
    membership = {"role": "member", "project_id": team["project_id"], "user_id": user_id}  # type: ignore[index]
    assert create_team_role(env | {"team_role": membership}) == done()
    assert delete_team(env | {"team_info": team}) == done()
    assert delete_user(env | {"user_info": {"cloud_user_id": user_id, "project_id": project_id}}) == done()
    assert (user_id in census(cloud.admin).users, project_id in census(cloud.admin).projects) == (False, False)


def test_a_domain_that_is_disabled_is_told_with_the_command_that_helps(
    cloud: Keystone, request_of: RequestOf, settings_file: SettingsFile, elsewhere: Elsewhere
) -> None:
    """Keystone would create users there, although nobody in a disabled domain can log in."""
    settings_file(f"user_handler: {{user_domain: {elsewhere.name}}}")
    cloud.admin.domains.update(elsewhere.id, enabled=False)
    held = census(cloud.admin)
    command = f"openstack domain set --enable {elsewhere.id}"
    why = f"domain {elsewhere.name} (in user_domain) that is enabled. Run: {command}"
    for by in (create_user_project, create_user):
        assert by(request_of()) == unprepared(why)
    assert census(cloud.admin) == held
    cloud.admin.domains.update(elsewhere.id, enabled=True)
    assert create_user(request_of())[0] == 201


def test_a_domain_that_is_made_anew_is_noticed(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile, elsewhere: Elsewhere
) -> None:
    """The id of the domain is cached, and looked up again when Keystone does not know it, or another one, any more."""
    env = {"cloud_env": cloud.cloud_env()}
    settings_file(f"user_handler: {{user_domain: {elsewhere.name}, project_domain: {elsewhere.name}}}")

    def made_anew() -> str:
        held = cloud.admin.domains.list(name=elsewhere.name)[0].id
        cloud.admin.domains.update(held, enabled=False)
        cloud.admin.domains.delete(held)
        return str(cloud.admin.domains.create(elsewhere.name).id)

    user_id, project_id = ids_in(create_user_project(request_of()))
    domain_id = made_anew()
    user_id, project_id = ids_in(create_user_project(request_of()))
    held = census(cloud.admin)
    assert (held.users[user_id]["domain_id"], held.projects[project_id]["domain_id"]) == (domain_id, domain_id)
    domain_id = made_anew()
    status, team = create_team(env | {"name": login})
    assert (status, type(team)) == (201, dict)
    assert cloud.admin.projects.get(team["project_id"]).domain_id == domain_id  # type: ignore[index]
    mark = {"concertim_kind": "project", "concertim_name": login}
    made_anew()
    other = cloud.admin.projects.create(
        f"of-{login}", domain=cloud.admin.domains.list(name=elsewhere.name)[0].id, **mark
    )
    assert delete_team(env | {"team_info": {"project_id": other.id}}) == done()


def test_a_namesake_of_a_standing_account_in_another_domain_is_an_ordinary_person(
    cloud: Keystone, settings_file: SettingsFile, elsewhere: Elsewhere
) -> None:
    """Only the account itself, in its own domain, is the operators'."""
    names = "user_name: '{username}', project_name: '{username}'"
    settings_file(f"user_handler: {{user_domain: {elsewhere.name}, project_domain: {elsewhere.name}, {names}}}")
    request = {"cloud_env": cloud.cloud_env(), "username": "concertim", "password": "correct-horse"}
    user_id, project_id = ids_in(create_user_project(request))
    assert create_user_project(request) == signed_up("concertim", user_id, project_id)
    info = {"cloud_user_id": user_id, "project_id": project_id}
    assert delete_user({"cloud_env": cloud.cloud_env(), "user_info": info}) == done()


def test_only_the_users_may_be_elsewhere(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile, elsewhere: Elsewhere
) -> None:
    """Each of the two settings holds alone."""
    settings_file(f"user_handler: {{user_domain: {elsewhere.name}}}")
    user_id, project_id = ids_in(create_user_project(request_of()))
    held = census(cloud.admin)
    assert (held.users[user_id]["domain_id"], held.projects[project_id]["domain_id"]) == (elsewhere.id, "default")
    assert held.users[user_id]["default_project_id"] == project_id


def test_what_is_in_the_domain_of_cloud_env_is_not_managed_then(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile, elsewhere: Elsewhere
) -> None:
    """Users of the same mark in another domain than the settings name are neither adopted nor removed."""
    user_id, project_id = ids_in(create_user_project(request_of()))
    settings_file(f"user_handler: {{user_domain: {elsewhere.name}, project_domain: {elsewhere.name}}}")
    held = census(cloud.admin)
    where = "in another domain than Concertim's"
    assert create_user(request_of(cloud_user_id=user_id)) == error(
        409, "name_taken", f"cloud_user_id names a user that is not login {login}'s in Concertim: it is {where} users."
    )
    removal = {"cloud_env": cloud.cloud_env(), "team_info": {"project_id": project_id}}
    why = f"Project {project_id} is not managed by Concertim: it is {where} projects."
    assert delete_team(removal) == error(403, "not_concertims", why)
    assert census(cloud.admin) == held


def test_a_domain_of_the_settings_that_is_missing_is_told_with_all_else_that_is(
    cloud: Keystone, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """One answer has every command, a command that helps twice is there once, and nothing is made."""
    settings_file("user_handler: {user_domain: my people, project_domain: my people, user_roles: [nothing]}")
    held = census(cloud.admin)
    commands = "openstack role create nothing; openstack domain create 'my people'"
    domains = "domain my people (in user_domain), no domain my people (in project_domain)"
    assert create_user_project(request_of()) == unprepared(f"role nothing, no {domains}. Run: {commands}")
    why = "domain my people (in user_domain). Run: openstack domain create 'my people'"
    assert create_user(request_of()) == unprepared(why)
    assert census(cloud.admin) == held
