"""Tests that a role or account spelled in another case than in the settings is reported with the setting to write."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import handler
from functions.check_cloud import check_cloud
from functions.create_user_project import create_user_project
from lib.keystone.connect import clear_connections
from tests.support.answers import error
from tests.support.bodies import Given, Route, body_of
from tests.support.census import Census, census
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone

ROLE = "role member, but Member"
ROLE_SETTING = "Member (in user_roles, cloud_env_roles, standing_grants, team_roles)"
ACCOUNT = "user concertim in domain default, but Concertim"
ACCOUNT_SETTING = "Concertim (in standing_grants)"


@contextmanager
def renamed(manager: Any, name: str, other: str) -> Iterator[None]:
    """Renames the role or account, as some installers spell it, and restores its name afterwards."""
    [found] = [one for one in manager.list(name=name) if one.name == name]
    manager.update(found.id, name=other)
    try:
        yield
    finally:
        manager.update(found.id, name=name)


def let_be_renamed(cloud: Keystone) -> None:
    """Lets the role member be renamed, because Keystone's bootstrap makes its roles immutable."""
    [found] = [one for one in cloud.admin.roles.list() if one.name == "member"]
    cloud.admin.roles.update(found.id, options={"immutable": False})


@pytest.fixture
def role(cloud: Keystone) -> Iterator[None]:
    """Renames the role member to `Member`."""
    let_be_renamed(cloud)
    with renamed(cloud.admin.roles, "member", "Member"):
        yield


@pytest.fixture
def account(cloud: Keystone) -> Iterator[None]:
    """Renames the account concertim to `Concertim`."""
    with renamed(cloud.admin.users, "concertim", "Concertim"):
        yield


def not_prepared(what: str, setting: str) -> object:
    """Returns the answer, which has no command to create what is missing, as Keystone would refuse that with 409."""
    return error(
        424,
        "cloud_not_prepared",
        f"The cloud is not prepared for Concertim: it has no {what}. In the settings write {setting}: Keystone does not"
        " tell these names apart.",
    )


def grants(held: Census, cloud: Keystone, login: str) -> set[tuple[str, str]]:
    """Returns the name of each role granted on the project of this login, with the name of who holds it."""
    roles = {role.id: role.name for role in cloud.admin.roles.list()}
    return {(roles[role], held.users[whose]["name"]) for role, whose, _ in held.of(login).grants}


@pytest.mark.usefixtures("role")
def test_a_role_in_another_spelling_is_told_and_works_once_it_is_in_the_settings(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """A role in another spelling is answered 424, with nothing created, until the setting has that spelling."""
    held = census(cloud.admin)
    assert create_user_project(request_of()) == not_prepared(ROLE, ROLE_SETTING)
    assert census(cloud.admin) == held
    settings_file(
        "user_handler: {user_roles: [Member], standing_grants: [{username: concertim, roles: [watcher, Member]}]}"
    )
    assert create_user_project(request_of())[0] == 201
    assert grants(census(cloud.admin), cloud, login) == {
        ("Member", f"concertim_{login}"),
        ("Member", "concertim"),
        ("watcher", "concertim"),
        ("admin", "admin"),
    }


@pytest.mark.usefixtures("account")
def test_an_account_in_another_spelling_is_told_and_works_once_it_is_in_the_settings(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """An account in another spelling is answered 424, with nothing created, until the setting has that spelling."""
    held = census(cloud.admin)
    assert create_user_project(request_of()) == not_prepared(ACCOUNT, ACCOUNT_SETTING)
    assert census(cloud.admin) == held
    settings_file("user_handler: {standing_grants: [{username: Concertim, roles: [watcher, member]}]}")
    assert create_user_project(request_of())[0] == 201
    assert ("watcher", "Concertim") in grants(census(cloud.admin), cloud, login)


@pytest.mark.usefixtures("role", "account")
def test_all_that_is_there_in_another_spelling_is_told_beside_what_is_missing(
    cloud: Keystone, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """A name in another spelling is reported with a setting, and a missing one with a command, in one answer."""
    settings_file(
        "user_handler: {standing_grants: [{username: concertim, roles: [not-yet]}, {username: nobody, roles: [admin]}]}"
    )
    held = census(cloud.admin)
    why = (
        f"The cloud is not prepared for Concertim: it has no {ROLE}, no role not-yet, no {ACCOUNT}, no user nobody in"
        f" domain default. In the settings write {ROLE_SETTING}, and {ACCOUNT_SETTING}: Keystone does not tell these"
        " names apart. For the others, run: openstack role create not-yet; openstack user create --domain default"
        " --password-prompt nobody"
    )
    assert create_user_project(request_of()) == error(424, "cloud_not_prepared", why)
    assert census(cloud.admin) == held


def test_a_domain_in_another_spelling_is_told_with_the_setting_to_write(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """MariaDB tells neither cases nor accents apart, so Keystone would refuse to make the domain of the settings."""
    domain = f"Université-{login}"
    cloud.admin.domains.create(domain)
    sent = domain.lower().replace("é", "e")
    settings_file(f"user_handler: {{user_domain: {sent}}}")
    what = f"domain {sent} (in user_domain), but {domain}"
    assert create_user_project(request_of()) == not_prepared(what, f"{domain} (in user_domain)")


@pytest.mark.parametrize("route", [("POST", "/team_role"), ("PATCH", "/team_role")])
def test_a_team_role_in_another_spelling_is_told_and_works_once_it_is_in_the_settings(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile, route: Route
) -> None:
    """A team role in another spelling is answered 424 with the setting to write, and granted once that is done."""
    _, made = create_user_project(request_of())
    assert isinstance(made, dict)
    body = body_of(route, Given(login, made["user_id"], made["project_id"]))
    let_be_renamed(cloud)
    with renamed(cloud.admin.roles, "member", "Member"):
        # The cached ids of roles, which the sign-up has looked up, are dropped with the connections.
        clear_connections()
        held = census(cloud.admin)
        answer = handler.ROUTES[route]({"cloud_env": cloud.cloud_env(), **body})
        assert answer == not_prepared(ROLE, ROLE_SETTING)
        assert census(cloud.admin) == held
        settings_file("user_handler: {team_roles: {admin: Member, member: Member}}")
        assert handler.ROUTES[route]({"cloud_env": cloud.cloud_env(), **body})[0] == 201


@pytest.mark.usefixtures("role", "account")
def test_a_check_tells_another_spelling_with_the_setting_to_write(cloud: Keystone) -> None:
    """A command to create what is missing would fail there, so there is none."""
    held = census(cloud.admin)
    status, body = check_cloud({"cloud_env": cloud.cloud_env()})
    assert (status, isinstance(body, dict)) == (200, True)
    assert isinstance(body, dict)
    told = [(one["message"], one["remedy"]) for one in body["items"] if one["state"] == "problem"]
    assert told == [
        (f"The cloud has no {what}.", f"In the settings write {setting}: Keystone does not tell these names apart.")
        for what, setting in ((ROLE, ROLE_SETTING), (ACCOUNT, ACCOUNT_SETTING))
    ]
    assert census(cloud.admin) == held
