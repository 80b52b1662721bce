"""Where the users of cloud_env's domain are in an LDAP directory, which Keystone only reads."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from functions.create_user_project import create_user_project
from tests.census import Census, census
from tests.ldap import KeystoneOfPeople

RequestOf = Callable[..., dict[str, Any]]
# Its policy says which action is refused ("…: identity:create_user."); this names none.
READ_ONLY = {
    "error": {
        "code": 403,
        "message": "You are not authorized to perform the requested action.",
        "title": "Forbidden",
    }
}


def all_of(cloud: KeystoneOfPeople) -> tuple[Census, dict[str, str]]:
    """What the Keystone and the directory hold."""
    return census(cloud.admin), cloud.people()


def test_a_sign_up_into_a_domain_in_ldap_is_refused(cloud: KeystoneOfPeople, request_of: RequestOf) -> None:
    """Nothing is made, as the user comes first."""
    held = all_of(cloud)
    status, _ = create_user_project(request_of())
    # ISSUE 15: assert the exact sentence here, in place of the status alone.
    assert status == 403
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
    """Whatever is asked, by whomever of its administrators, in the same words: those that ours recognises."""
    held = all_of(cloud)
    token = (cloud.client_of_people() if account == "in LDAP" else cloud.admin).session.get_token()
    domain = {"domain_id": cloud.domain_id()} if method == "POST" else {}
    body = {"user": changes | domain} if changes else None
    url = cloud.auth_url + path.format(**cloud.people())
    answer = requests.request(method, url, json=body, headers={"X-Auth-Token": token}, timeout=60)
    assert (answer.status_code, answer.json()) == (403, READ_ONLY)
    assert all_of(cloud) == held
