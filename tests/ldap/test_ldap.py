"""Tests that requests which would write to a read-only domain in LDAP are refused with the cause and a remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.change_user_details import change_user_details
from functions.check_cloud import check_cloud
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from lib.endpoint import Endpoint
from tests.ldap import KeystoneOfPeople
from tests.support.answers import error, refusal
from tests.support.census import Census, census
from tests.support.fixtures import RequestOf
from tests.support.proxy import Proxy

# A refusal by policy names the action (as in "…: identity:create_user."). This one, of a read-only domain, does not.
READ_ONLY = {
    "error": {
        "code": 403,
        "message": "You are not authorized to perform the requested action.",
        "title": "Forbidden",
    }
}


def all_of(cloud: KeystoneOfPeople) -> tuple[Census, dict[str, str]]:
    """Returns what the Keystone and the directory hold."""
    return census(cloud.admin), cloud.people()


def read_only(step: str) -> str:
    """Returns the message for a step that Keystone refuses without a reason, as it does for a read-only domain."""
    return (
        f"Keystone does not let cloud_env's account {step}, and does not say why: You are not authorized to perform the"
        " requested action. The domain may be read-only, as those of LDAP are: then users are made, changed and removed"
        " in the directory. To sign users up in a domain that Keystone keeps by itself, name that domain in the setting"
        " user_domain."
    )


@pytest.mark.parametrize("by", [create_user_project, create_user])
def test_a_sign_up_into_a_domain_in_ldap_is_refused(
    cloud: KeystoneOfPeople, before: Proxy, through: RequestOf, by: Endpoint
) -> None:
    """A sign-up in LDAP creates nothing, because the user comes first, and the refusal is not retried."""
    held = all_of(cloud)
    assert by(through(name="Ann")) == error(403, "rights_missing", read_only("create the user"))
    assert all_of(cloud) == held
    assert before.calls.count(("POST", "/users")) == 1


def test_a_domain_that_keystone_keeps_by_itself_helps(
    cloud: KeystoneOfPeople, login: str, request_of: RequestOf, settings_file: Callable[[str], Path]
) -> None:
    """A sign-up works with the setting that the answer names, although cloud_env's account stays in LDAP."""
    settings_file("user_handler: {user_domain: Default}")
    made = create_user_project(request_of())
    assert made[0] == 201
    assert create_user_project(request_of()) == made
    [user] = cloud.admin.users.list(name=f"concertim_{login}")
    assert user.domain_id == "default"
    assert cloud.admin.projects.get(user.default_project_id).domain_id == cloud.domain_id()


@pytest.fixture
def env(cloud: KeystoneOfPeople, before: Proxy, settings_file: Callable[[str], Path]) -> dict[str, Any]:
    """Makes carol a managed user by legacy_templates, as LDAP cannot hold marks, and returns a cloud_env."""
    names = "user_name: ['c{username}'], project_name: ['c{username}_of_concertim']"
    settings_file(f"user_handler: {{legacy_templates: {{{names}}}}}")
    return cloud.cloud_env() | {"auth_url": before.auth_url}


@pytest.mark.parametrize("data", [{"password": "battery-staple"}, {"email": "carol@site.example"}])
def test_a_user_in_ldap_is_not_changed(
    cloud: KeystoneOfPeople, before: Proxy, env: dict[str, Any], data: dict[str, str]
) -> None:
    """Neither the password nor the e-mail of a user in LDAP can be changed, and the refusal is not retried."""
    held = all_of(cloud)
    info = {"cloud_user_id": cloud.people()["carol"], "new_data": data}
    answer = change_user_details({"cloud_env": env, "user_info": info})
    assert answer == error(403, "rights_missing", read_only("change the user"))
    assert all_of(cloud) == held
    assert [method for method, _ in before.calls].count("PATCH") == 1


def test_a_user_in_ldap_is_not_removed(cloud: KeystoneOfPeople, before: Proxy, env: dict[str, Any]) -> None:
    """The removal of a user in LDAP is refused, and its repeat is refused in the same words."""
    held = all_of(cloud)
    request = {"cloud_env": env, "user_info": {"cloud_user_id": cloud.people()["carol"]}}
    for _ in range(2):
        assert delete_user(request) == error(403, "rights_missing", read_only("remove the user"))
    assert all_of(cloud) == held
    assert [method for method, _ in before.calls].count("DELETE") == 2


def test_the_project_of_a_user_in_ldap_goes_without_them(cloud: KeystoneOfPeople, env: dict[str, Any]) -> None:
    """The answer is 503, as the project goes before the user is refused. The repeat changes nothing and is 403."""
    project = cloud.admin.projects.create("carol_of_concertim", cloud.domain_id())
    info = {"cloud_user_id": cloud.people()["carol"], "project_id": project.id}
    begun = "Begun but not finished; repeat the same request once this is mended: "
    answer = delete_user({"cloud_env": env, "user_info": info})
    assert answer == error(503, "unfinished", begun + read_only("remove the user"))
    held = all_of(cloud)
    assert project.id not in held[0].projects
    answer = delete_user({"cloud_env": env, "user_info": info})
    assert answer == error(403, "rights_missing", read_only("remove the user"))
    assert all_of(cloud) == held


@pytest.mark.parametrize("account", ["in LDAP", "of Default"])
@pytest.mark.parametrize(
    ("method", "path", "changes"),
    [
        pytest.param("POST", "/users", {"name": "concertim_ann", "password": "correct-horse"}, id="create"),
        pytest.param("POST", "/users", {"name": "carol", "password": "correct-horse"}, id="create, taken"),
        pytest.param("PATCH", "/users/{carol}", {"password": "correct-horse"}, id="password"),
        pytest.param("PATCH", "/users/{carol}", {"concertim_kind": "user"}, id="attribute"),
        pytest.param("DELETE", "/users/{carol}", None, id="delete"),
    ],
)
def test_keystone_refuses_to_write_to_ldap(
    cloud: KeystoneOfPeople, account: str, method: str, path: str, changes: dict[str, str] | None
) -> None:
    """Keystone refuses each change in LDAP to each administrator in the words by which the service recognises it."""
    held = all_of(cloud)
    token = (cloud.client_of_people() if account == "in LDAP" else cloud.admin).session.get_token()
    domain = {"domain_id": cloud.domain_id()} if method == "POST" else {}
    body = {"user": changes | domain} if changes else None
    url = cloud.auth_url + path.format(**cloud.people())
    answer = requests.request(method, url, json=body, headers={"X-Auth-Token": token}, timeout=60)
    assert (answer.status_code, answer.json()) == (403, READ_ONLY)
    assert all_of(cloud) == held


@pytest.mark.parametrize("driver_is_told", [True, False])
def test_a_check_tells_of_a_domain_in_ldap_until_the_setting_names_another(
    cloud: KeystoneOfPeople,
    before: Proxy,
    through: RequestOf,
    settings_file: Callable[[str], Path],
    driver_is_told: bool,
) -> None:
    """Keystone's policy would allow all changes there. Where the driver is in a file, the account's id is a hint."""
    if not driver_is_told:
        no_driver = refusal(403, "You are not authorized to perform the requested action: identity:get_domain_config.")
        before.instead = lambda _method, path: no_driver if path.endswith("/driver") else None

    def user_domain() -> dict[str, str]:
        status, body = check_cloud({"cloud_env": through()["cloud_env"]})
        assert (status, isinstance(body, dict)) == (200, True)
        assert isinstance(body, dict)
        [item] = [one for one in body["items"] if one["check"] == "user_domain"]
        return dict(item)

    held = all_of(cloud)
    found = user_domain()
    remedy = "Name a domain that Keystone keeps by itself in the setting user_domain."
    assert (found["state"], found["remedy"]) == ("problem" if driver_is_told else "warning", remedy)
    assert "LDAP" in found["message"]
    settings_file("user_handler: {user_domain: Default}")
    assert user_domain()["state"] == "unknown"
    assert all_of(cloud) == held
