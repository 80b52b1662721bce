"""Tests of the setting ui_release: what is made with it is what Concertim's other services of the release look for."""

import uuid
from collections.abc import Iterator

import pytest

from functions.check_cloud import check_cloud
from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from lib.settings.values import RELEASES
from tests.support.answers import done, error, signed_up
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone, keystone
from tests.support.siblings import rated_keystone, roles_on, seen_from_v1_2, seen_to_v1_1

RATED = {("cloudkitty", "rating")}
WATCHED = {("concertim", "watcher"), ("admin", "admin")}
# By the release: the user's name, the project's name, and who holds what on it besides the user.
LEFT = {
    "v0.2.1": ("concertim_{}", "concertim_{}_project", WATCHED | {("concertim", "member")}),
    "v0.2.3": ("CM_{}", "CM_{}_proj", WATCHED | RATED | {("concertim", "member")}),
    "v1.0": ("CM_{}", "CM_{}_proj", WATCHED | RATED | {("concertim", "member")}),
    "v1.1": ("CM_{}", "CM_{}_proj", WATCHED | RATED | {("concertim", "member")}),
    "v1.2": ("CM_{}", "CM_{}_proj", WATCHED | RATED),
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Keystone]:
    """Runs a Keystone on which costs are rated, in place of the one that all tests share."""
    with rated_keystone() as running:
        yield running


def rated_account(cloud: Keystone, domain: str) -> None:
    """Makes the account that rates costs in a domain of this name."""
    made = cloud.admin.domains.create(domain)
    cloud.admin.users.create("cloudkitty", domain=made, password="cloudkitty-password")


def test_every_release_is_tried() -> None:
    """A release that is added to the setting is tried here."""
    assert [*LEFT] == [*RELEASES]


@pytest.mark.parametrize("release", RELEASES)
def test_a_sign_up_leaves_what_the_services_of_the_release_look_for(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile, release: str
) -> None:
    """One setting is enough for a site without users to have names and grants as its release expects them."""
    settings_file(f"user_handler: {{ui_release: {release}}}")
    status, body = create_user_project(request_of())
    assert isinstance(body, dict)
    user_id, project_id = body["user_id"], body["project_id"]
    assert (status, body) == signed_up(login, user_id, project_id)
    user_name, project_name, granted = LEFT[release]
    assert cloud.admin.users.get(user_id).name == user_name.format(login)
    assert cloud.admin.projects.get(project_id).name == project_name.format(login)
    assert roles_on(cloud, project_id) == granted | {(user_name.format(login), "member")}
    assert project_id in seen_to_v1_1(cloud)
    assert (project_id in seen_from_v1_2(cloud, user_id)) == (release != "v0.2.1")


def test_a_user_a_team_and_a_role_leave_what_the_services_of_v1_2_look_for(
    cloud: Keystone, login: str, settings_file: SettingsFile
) -> None:
    """UI v1.2.0 signs a person up in three calls. Their clusters in the team then show."""
    settings_file("user_handler: {ui_release: v1.2.0}")
    env = {"cloud_env": cloud.cloud_env_by_ids()}
    person = {"username": login, "name": "Ann", "password": "correct-horse", "email": "ann@site.example"}
    status, user = create_user(env | person)
    assert isinstance(user, dict)
    user_id = user["user_cloud_id"]
    assert (status, user) == (201, {"success": True, "username": login, "user_cloud_id": user_id})
    status, team = create_team(env | {"name": f"{login}_team"})
    assert isinstance(team, dict)
    project_id = team["project_id"]
    assert (status, team) == (201, {"project_id": project_id, "billing_acct_id": project_id})
    assert seen_from_v1_2(cloud, user_id) == set()
    role = {"role": "admin", "user_id": user_id, "project_id": project_id}
    assert create_team_role(env | {"team_role": role}) == done()
    assert seen_from_v1_2(cloud, user_id) == {project_id}
    assert roles_on(cloud, project_id) == WATCHED | RATED | {(f"CM_{login}", "member")}


def test_what_is_made_without_the_setting_is_not_seen_by_services_of_v1_2(
    cloud: Keystone, request_of: RequestOf
) -> None:
    """By default the names are those of July 2023. The start warns of it."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    assert seen_from_v1_2(cloud, body["user_id"]) == set()


def test_settings_of_the_site_win_over_the_release(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """A site may differ in one name from its release, or in who holds roles."""
    grants = "[{username: concertim, roles: [watcher]}]"
    settings_file(f"user_handler: {{ui_release: v1.2, user_name: 'hpc_{{username}}', standing_grants: {grants}}}")
    status, body = create_user_project(request_of())
    assert isinstance(body, dict)
    assert (status, body) == signed_up(login, body["user_id"], body["project_id"])
    assert cloud.admin.projects.get(body["project_id"]).name == f"CM_{login}_proj"
    assert roles_on(cloud, body["project_id"]) == WATCHED | {(f"hpc_{login}", "member")}


def test_without_the_account_and_the_role_of_billing_the_commands_are_told(
    login: str, settings_file: SettingsFile
) -> None:
    """A cloud without CloudKitty is answered 424, with what creates both, and nothing was made."""
    settings_file("user_handler: {ui_release: v1.2}")
    with keystone() as bare:
        request = {"cloud_env": bare.cloud_env(), "username": login, "password": "correct-horse"}
        assert create_user_project(request) == error(
            424,
            "cloud_not_prepared",
            "The cloud is not prepared for Concertim: it has no role rating, no user cloudkitty in domain default. Run:"
            " openstack role create rating; openstack user create --domain default --password-prompt cloudkitty",
        )
        assert bare.admin.users.list(name=f"CM_{login}") == []
        rated_account(bare, "services")
        cloudkitty = "{username: cloudkitty, roles: [rating], user_domain_name: services}"
        grants = f"[{{username: concertim, roles: [watcher]}}, {cloudkitty}]"
        assert create_user_project(request) == error(
            424,
            "cloud_not_prepared",
            "The cloud is not prepared for Concertim: it has no role rating, no user cloudkitty in domain default."
            " Domain services has a user cloudkitty: if that is the account, write into the settings"
            f" standing_grants: {grants}. Otherwise, run: openstack user create --domain default --password-prompt"
            " cloudkitty. For the others, run: openstack role create rating",
        )
        # The message is right.
        bare.admin.roles.create("rating")
        settings_file(f"user_handler: {{ui_release: v1.2, standing_grants: {grants}}}")
        status, body = create_user_project(request)
        assert isinstance(body, dict)
        assert (status, body) == signed_up(login, body["user_id"], body["project_id"])
        assert roles_on(bare, body["project_id"]) == WATCHED | RATED | {(f"CM_{login}", "member")}


def test_a_check_names_who_is_under_other_names(request_of: RequestOf, settings_file: SettingsFile) -> None:
    """A release is set before anybody signs up. Otherwise an operator sees who would get a second user."""
    with keystone() as bare:
        made = []
        for number in range(6):
            login = f"ann-{number}-{uuid.uuid4().hex[:8]}"
            made.append(login)
            assert create_user_project(request_of(cloud_env=bare.cloud_env(), username=login))[0] == 201
        assert _names_in_use(bare) == (
            "ok",
            "All of Concertim's users and projects have the names that the settings give, if there are any.",
        )
        settings_file("user_handler: {ui_release: v1.2}")
        names = sorted([f"project concertim_{one}_project" for one in made] + [f"user concertim_{one}" for one in made])
        told = ", ".join(names[:10])
        assert _names_in_use(bare) == (
            "warning",
            f"These have other names than the settings give: {told} and 2 more.",
        )


def test_what_was_renamed_is_found_under_its_new_name(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """docs/operations.md has the commands for a site where people have signed up before the release was set."""
    status, first = create_user_project(request_of())
    assert isinstance(first, dict)
    cloud.admin.users.update(first["user_id"], name=f"CM_{login}")
    cloud.admin.projects.update(first["project_id"], name=f"CM_{login}_proj")
    settings_file("user_handler: {ui_release: v1.2}")
    assert create_user_project(request_of()) == (status, first)
    assert first["project_id"] in seen_from_v1_2(cloud, first["user_id"])
    assert ("cloudkitty", "rating") in roles_on(cloud, first["project_id"])


def _names_in_use(cloud: Keystone) -> tuple[str, str]:
    _, body = check_cloud({"cloud_env": cloud.cloud_env()})
    assert isinstance(body, dict)
    [item] = [one for one in body["items"] if one["check"] == "names_in_use"]
    return item["state"], item["message"]
