"""Tests of a claim that another request has left on a user: which requests it stops, and for how long."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from functions.change_user_details import change_user_details
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from lib.endpoint import Answer
from lib.keystone.claims import SECONDS_BETWEEN_CLOCKS
from lib.settings.settings import Settings
from tests.support.answers import error, refusal
from tests.support.census import finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, Proxy

# The seconds that a request can last, which is how long a claim is heeded.
LASTS = Settings().deadline + SECONDS_BETWEEN_CLOCKS


@pytest.fixture
def left(cloud: Keystone, login: str) -> Callable[..., str]:
    """Makes an unfinished user, with attributes that hold the time so many seconds ago; returns the user's id."""

    def make(**ago: float) -> str:
        now = datetime.now(UTC)
        times = {f"concertim_{what}": (now - timedelta(seconds=ago[what])).isoformat() for what in ago}
        mark = {"concertim_kind": "user", "concertim_name": login, "concertim_request": "req-of-another"}
        name = f"concertim_{login}"
        return str(cloud.admin.users.create(name, domain="default", password="the-first", **mark, **times).id)

    return make


def waits(answer: Answer) -> bool:
    """Returns whether the answer says that another request has claimed the user."""
    assert isinstance(answer[1], dict)
    return (answer[0], answer[1].get("error")) == (503, "unfinished") and "has claimed user" in answer[1]["message"]


@pytest.mark.parametrize("ago", [0, LASTS - 10, -1000], ids=["now", "as long as a request lasts", "of another clock"])
def test_a_young_claim_stops_whoever_would_write(
    cloud: Keystone, login: str, left: Callable[..., str], request_of: RequestOf, ago: float
) -> None:
    """A young claim stops requests with any password, by name and by id, and the user stays unchanged."""
    user_id = left(claimed=ago)
    before = cloud.admin.users.get(user_id).to_dict()
    change = {"cloud_user_id": user_id, "new_data": {"password": "battery-staple"}}
    assert waits(create_user_project(request_of()))
    assert waits(create_user_project(request_of(password="the-first")))
    assert waits(create_user_project(request_of(cloud_user_id=user_id)))
    assert waits(create_user({"cloud_env": cloud.cloud_env(), "username": login, "password": "the-first"}))
    assert waits(change_user_details({"cloud_env": cloud.cloud_env(), "user_info": change}))
    assert cloud.admin.users.get(user_id).to_dict() == before


def test_a_claim_that_is_older_than_a_request_can_last_stops_nobody(
    cloud: Keystone, login: str, left: Callable[..., str], request_of: RequestOf
) -> None:
    """The next sign-up takes the user over, which ends the old claim."""
    user_id = left(claimed=LASTS + 1)
    assert create_user_project(request_of()) == finished(cloud, login)
    user = cloud.admin.users.get(user_id).to_dict()
    assert user["concertim_claimed"] == ""
    assert datetime.now(UTC) - datetime.fromisoformat(user["concertim_taken_over"]) < timedelta(seconds=60)


def test_a_user_who_was_just_taken_over_is_that_passwords_alone(
    cloud: Keystone, login: str, left: Callable[..., str], request_of: RequestOf
) -> None:
    """The request that has set the password may try again, so a sign-up with another password has to wait.

    A sign-up with the password that was set is a repeat, and succeeds.
    """
    left(taken_over=1)
    assert waits(create_user_project(request_of()))
    assert create_user_project(request_of(password="the-first")) == finished(cloud, login, "the-first")


@pytest.mark.parametrize("lost", ["that to the claim", "that to the password"])
def test_who_has_lost_an_answer_does_not_take_back_the_user_that_it_took_over(
    cloud: Keystone, before: Proxy, login: str, left: Callable[..., str], through: RequestOf, lost: str
) -> None:
    """The try that was lost may end the claim by which the user would be removed, or write over it.

    Then a sign-up with the same password could be told 201 of that user.
    """
    user_id, taken = left(), cloud.admin.projects.create(f"concertim_{login}_project", domain="default")
    changes = ["that to the claim", "that to the password"]

    def lose(exchange: Exchange) -> None:
        exchange.ask_keystone()
        exchange.reply(refusal(500, "The answer was lost."))

    before.instead = lambda method, _path: lose if method == "PATCH" and changes and changes.pop(0) == lost else None
    why = (
        f"Project concertim_{login}_project exists and is not this sign-up's. An operator can rename or remove it"
        f" (openstack project show {taken.id})."
    )
    begun = f"Begun but not finished; repeat the same request once this is mended: {why}"
    assert create_user_project(through()) == error(503, "unfinished", begun)
    there = cloud.admin.users.get(user_id).to_dict()
    # The repeat changes nothing.
    assert create_user_project(through()) == error(409, "name_taken", why)
    assert cloud.admin.users.get(user_id).to_dict() == there


def test_a_claim_does_not_keep_a_user_from_being_removed(cloud: Keystone, login: str, left: Callable[..., str]) -> None:
    """No later answer can contradict a removal, since Keystone never gives out an id again."""
    info = {"cloud_user_id": left(claimed=0)}
    assert delete_user({"cloud_env": cloud.cloud_env(), "user_info": info}) == (201, {"success": True})
    assert cloud.admin.users.list(name=f"concertim_{login}") == []


@pytest.mark.parametrize("text", ["", "no time", "2026-13-45T99:99:99+00:00"])
def test_what_is_no_time_claims_nothing(cloud: Keystone, login: str, request_of: RequestOf, text: str) -> None:
    """A value that is no time is not Concertim's, and must not block a login for ever."""
    mark = {"concertim_kind": "user", "concertim_name": login, "concertim_claimed": text}
    cloud.admin.users.create(f"concertim_{login}", domain="default", password="the-first", **mark)
    assert create_user_project(request_of(password="the-first")) == finished(cloud, login, "the-first")
