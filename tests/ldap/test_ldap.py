"""The users of cloud_env's domain are in an LDAP directory, which Keystone only reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.change_user_details import change_user_details
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from lib.endpoint import Endpoint
from tests.ldap import KeystoneOfPeople
from tests.support.answers import error
from tests.support.census import Census, census
from tests.support.fixtures import RequestOf
from tests.support.proxy import Proxy

# A refusal by Keystone's policy names the action ("…: identity:create_user."), and this one names none.
READ_ONLY = {
    "error": {
        "code": 403,
        "message": "You are not authorized to perform the requested action.",
        "title": "Forbidden",
    }
}


def all_of(cloud: KeystoneOfPeople) -> tuple[Census, dict[str, str]]:
    """Returns all that the Keystone and the directory hold."""
    return census(cloud.admin), cloud.people()


def read_only(step: str) -> str:
    """Returns the answer where Keystone does not write and does not say why."""
    return (
        f"Keystone does not let cloud_env's account {step}, and does not say why: You are not authorized to perform the"
        " requested action. The domain may be read-only, as those of LDAP are: then users are made, changed and removed"
        " in the directory, or cloud_env names an account of a domain that Keystone keeps by itself."
    )


@pytest.mark.parametrize("by", [create_user_project, create_user])
def test_a_sign_up_into_a_domain_in_ldap_is_refused(
    cloud: KeystoneOfPeople, before: Proxy, through: RequestOf, by: Endpoint
) -> None:
    """The user comes first, so nothing is created, and Keystone is asked only once."""
    held = all_of(cloud)
    assert by(through(name="Ann")) == error(403, "rights_missing", read_only("create the user"))
    assert all_of(cloud) == held
    assert before.calls.count(("POST", "/users")) == 1


def test_a_cloud_env_of_a_domain_that_keystone_keeps_by_itself_helps(
    cloud: KeystoneOfPeople, login: str, request_of: RequestOf
) -> None:
    """The remedy in the answer works: an account of a domain that Keystone keeps in SQL signs people up."""
    status, _ = create_user_project(request_of(cloud_env=cloud.cloud_env_of_default()))
    assert status == 201
    assert [user.domain_id for user in cloud.admin.users.list(name=f"concertim_{login}")] == ["default"]


@pytest.fixture
def env(cloud: KeystoneOfPeople, before: Proxy, settings_file: Callable[[str], Path]) -> dict[str, Any]:
    """Returns a cloud_env for which carol's name shows that she is managed, as LDAP takes no marks."""
    names = "user_name: ['c{username}'], project_name: ['c{username}_of_concertim']"
    settings_file(f"user_handler: {{legacy_templates: {{{names}}}}}")
    return cloud.cloud_env() | {"auth_url": before.auth_url}


@pytest.mark.parametrize("data", [{"password": "battery-staple"}, {"email": "carol@site.example"}])
def test_a_user_in_ldap_is_not_changed(
    cloud: KeystoneOfPeople, before: Proxy, env: dict[str, Any], data: dict[str, str]
) -> None:
    """Neither the password nor the e-mail of a user in LDAP is changed, and the answer says so."""
    held = all_of(cloud)
    info = {"cloud_user_id": cloud.people()["carol"], "new_data": data}
    answer = change_user_details({"cloud_env": env, "user_info": info})
    assert answer == error(403, "rights_missing", read_only("change the user"))
    assert all_of(cloud) == held
    assert [method for method, _ in before.calls].count("PATCH") == 1


def test_a_user_in_ldap_is_not_removed(cloud: KeystoneOfPeople, before: Proxy, env: dict[str, Any]) -> None:
    """The removal is refused each time with the same reason, and the user stays."""
    held = all_of(cloud)
    request = {"cloud_env": env, "user_info": {"cloud_user_id": cloud.people()["carol"]}}
    for _ in range(2):
        assert delete_user(request) == error(403, "rights_missing", read_only("remove the user"))
    assert all_of(cloud) == held
    assert [method for method, _ in before.calls].count("DELETE") == 2


def test_the_project_of_a_user_in_ldap_goes_without_them(cloud: KeystoneOfPeople, env: dict[str, Any]) -> None:
    """The first answer is a 503 that names the user who stays. The repeat changes nothing and says so."""
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
    """Keystone refuses every write, from each of its administrators, in the words that the service recognises."""
    held = all_of(cloud)
    token = (cloud.client_of_people() if account == "in LDAP" else cloud.admin).session.get_token()
    domain = {"domain_id": cloud.domain_id()} if method == "POST" else {}
    body = {"user": changes | domain} if changes else None
    url = cloud.auth_url + path.format(**cloud.people())
    answer = requests.request(method, url, json=body, headers={"X-Auth-Token": token}, timeout=60)
    assert (answer.status_code, answer.json()) == (403, READ_ONLY)
    assert all_of(cloud) == held
