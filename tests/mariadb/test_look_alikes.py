"""MariaDB does not tell some names apart, and another's user or project is never taken for this login's."""

import pytest

from functions.create_user_project import create_user_project
from tests.support.answers import error, signed_up
from tests.support.census import census, finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone


def refused_user(name: str) -> object:
    """The answer to a sign-up whose user's name Keystone does not tell from another's."""
    return error(
        409,
        "name_taken",
        f"A user whose name Keystone does not tell from {name} exists, and is another login's."
        " Choose another login, or let an operator rename that user (openstack user set --name).",
    )


def test_two_logins_that_differ_in_case_alone_are_two_people(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """The UI tells two such logins apart. The second is refused, although its password would log in as the first."""
    answer = create_user_project(request_of())
    before = census(cloud.admin)
    assert create_user_project(request_of(username=login.upper())) == refused_user(f"concertim_{login.upper()}")
    assert census(cloud.admin) == before
    assert answer == finished(cloud, login)


@pytest.mark.parametrize("marked", [False, True], ids=["unmarked", "unfinished"])
def test_a_user_that_differs_in_an_accent_is_left_alone(
    cloud: Keystone, login: str, request_of: RequestOf, marked: bool
) -> None:
    """It makes no difference whether somebody else created the user or the other login's sign-up is unfinished."""
    look_alike = login.replace("a", "á")
    mark = {"concertim_kind": "user", "concertim_name": look_alike} if marked else {}
    theirs = cloud.admin.users.create(
        f"concertim_{look_alike}", domain="default", password="correct-horse", **mark
    ).to_dict()
    before = census(cloud.admin)
    assert create_user_project(request_of()) == refused_user(f"concertim_{login}")
    assert census(cloud.admin) == before
    assert before.users[theirs["id"]]["name"] == f"concertim_{look_alike}"


def test_a_project_that_differs_in_case_is_left_alone(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """The sign-up is refused, and the user that it has created is removed again."""
    theirs = cloud.admin.projects.create(f"CONCERTIM_{login}_project", domain="default")
    before = census(cloud.admin)
    why = (
        f"Project concertim_{login}_project exists and is not this sign-up's."
        f" An operator can rename or remove it (openstack project show {theirs.id})."
    )
    assert create_user_project(request_of()) == error(409, "name_taken", why)
    assert census(cloud.admin) == before


def test_either_spelling_of_the_default_domain_signs_up(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """`default` and `Default` both name the default domain, as they do on SQLite."""
    ids = []
    for spelling in ("default", "Default"):
        env = cloud.cloud_env() | {"user_domain_name": spelling, "project_domain_name": spelling}
        status, body = create_user_project(request_of(cloud_env=env))
        assert isinstance(body, dict)
        assert (status, body) == signed_up(login, body["user_id"], body["project_id"])
        ids.append((body["user_id"], body["project_id"]))
    assert ids[0] == ids[1]
