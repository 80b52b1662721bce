"""Tests of password policies: which options a user gets in Keystone, and which passwords are refused."""

from typing import Any

import pytest

from functions.change_user_details import change_user_details
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from lib.endpoint import Answer, Endpoint
from tests.cloud.strict import PASSWORD, Strict, ids_in, through
from tests.support.answers import done, error, refusal
from tests.support.census import census
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, Proxy

FIRST_USE = "ignore_change_password_upon_first_use"
WHY = (
    "The cloud is not prepared for Concertim: Keystone let the password expire as soon as it was set, so that nobody"
    " can log in with it (change_password_upon_first_use)."
)
REMEDY = f"Add {FIRST_USE} to the setting user_options."
SIGN_UPS = pytest.mark.parametrize("by", [create_user_project, create_user])


@pytest.fixture
def sign_up(strict: Strict, front: Proxy, login: str) -> dict[str, Any]:
    """Returns a sign-up at a Keystone that wants every password changed before its first use."""
    return {"cloud_env": through(front, strict.cloud.cloud_env()), "username": login, "password": PASSWORD}


def id_in(answer: Answer) -> str:
    """Returns the id of the user from the answer to a sign-up of either kind."""
    status, body = answer
    assert (status, type(body)) == (201, dict)
    assert isinstance(body, dict)
    return str(body.get("user_id") or body["user_cloud_id"])


def opens(cloud: Keystone, user_id: str, password: str = PASSWORD) -> str:
    """Returns a token of the user, which only a password that opens the account brings."""
    return str(cloud.client(user_id=user_id, password=password, unscoped=True).session.get_token())


@SIGN_UPS
def test_a_sign_up_whose_password_opens_nothing_is_refused_with_the_setting_that_helps(
    strict: Strict, sign_up: dict[str, Any], settings_file: SettingsFile, by: Endpoint
) -> None:
    """Nothing is left of the refused sign-up, and with the setting the same request succeeds and can be repeated."""
    held = census(strict.cloud.admin)
    assert by(sign_up) == error(424, "cloud_not_prepared", f"{WHY} {REMEDY}")
    assert census(strict.cloud.admin) == held
    settings_file(f"user_handler: {{user_options: [{FIRST_USE}]}}")
    made = by(sign_up)
    assert opens(strict.cloud, id_in(made))
    assert by(sign_up) == made


@pytest.mark.usefixtures("usable_passwords")
def test_a_sign_up_that_is_refused_its_project_leaves_no_user_behind(
    strict: Strict, sign_up: dict[str, Any], login: str
) -> None:
    """The request may take back the user whose password it has just set itself."""
    taken = strict.cloud.admin.projects.create(f"concertim_{login}_project", domain="default")
    held = census(strict.cloud.admin)
    why = (
        f"Project concertim_{login}_project exists and is not this sign-up's. An operator can rename or remove it"
        f" (openstack project show {taken.id})."
    )
    assert create_user_project(sign_up) == error(409, "name_taken", why)
    assert census(strict.cloud.admin) == held


def test_an_option_that_lets_passwords_never_expire_is_enough(
    strict: Strict, sign_up: dict[str, Any], settings_file: SettingsFile
) -> None:
    """Keystone still tells a time of expiry, and lets the user in."""
    settings_file("user_handler: {user_options: [ignore_password_expiry]}")
    user_id, _ = ids_in(create_user_project(sign_up))
    assert opens(strict.cloud, user_id)


def test_a_new_password_that_opens_nothing_is_told_with_the_setting_that_helps(
    strict: Strict, sign_up: dict[str, Any], login: str, settings_file: SettingsFile
) -> None:
    """The password of a user who was created without the option is changed, so the answer is 503 until it opens."""
    mark = {"concertim_kind": "user", "concertim_name": login}
    user = strict.cloud.admin.users.create(f"concertim_{login}", domain="default", password=PASSWORD, **mark)
    info = {"cloud_user_id": user.id, "new_data": {"password": "battery-staple"}}
    change = {"cloud_env": sign_up["cloud_env"], "user_info": info}
    begun = "Begun but not finished; repeat the same request once this is mended: "
    assert change_user_details(change) == error(503, "unfinished", f"{begun}{WHY} {REMEDY}")
    settings_file(f"user_handler: {{user_options: [{FIRST_USE}]}}")
    assert change_user_details(change) == done()
    assert opens(strict.cloud, user.id, "battery-staple")
    e_mail = {"cloud_user_id": user.id, "new_data": {"email": "ann@site.example"}}
    assert change_user_details(change | {"user_info": e_mail}) == done()


def test_an_unfinished_user_who_is_taken_over_in_vain_is_told_with_the_setting_that_helps(
    strict: Strict, sign_up: dict[str, Any], login: str
) -> None:
    """The password of the user has changed, so the answer is 503 although it opens nothing."""
    mark = {"concertim_kind": "user", "concertim_name": login}
    strict.cloud.admin.users.create(f"concertim_{login}", domain="default", password=PASSWORD, **mark)
    begun = "Begun but not finished; repeat the same request once this is mended: "
    assert create_user_project(sign_up) == error(503, "unfinished", f"{begun}{WHY} {REMEDY}")


def test_a_sign_up_that_died_before_the_second_call_is_taken_over(
    strict: Strict, sign_up: dict[str, Any], login: str, settings_file: SettingsFile
) -> None:
    """A user whom nobody can log in as is unfinished, whatever password the next sign-up carries."""
    mark = {"concertim_kind": "user", "concertim_name": login, "concertim_request": "req-of-the-dead"}
    claim = {"concertim_claimed": "2026-11-28T10:00:00+00:00"}
    user = strict.cloud.admin.users.create(f"concertim_{login}", domain="default", password=PASSWORD, **mark, **claim)
    settings_file(f"user_handler: {{user_options: [{FIRST_USE}]}}")
    assert id_in(create_user_project(sign_up | {"password": "battery-staple"})) == user.id
    assert opens(strict.cloud, user.id, "battery-staple")


@pytest.mark.usefixtures("usable_passwords")
@SIGN_UPS
def test_the_first_call_leaves_a_claim_that_the_second_ends(
    strict: Strict, sign_up: dict[str, Any], front: Proxy, login: str, by: Endpoint
) -> None:
    """While the second call is under way, another sign-up is told to repeat, even with the same password."""
    others: list[Answer] = []

    def meanwhile(exchange: Exchange) -> None:
        front.instead = lambda _method, _path: None
        others.append(by(sign_up))
        exchange.reply(exchange.ask_keystone())

    front.instead = lambda method, _path: meanwhile if method == "PATCH" else None
    made = by(sign_up)
    [(status, other)] = others
    assert (status, other["error"]) == (503, "unfinished")  # type: ignore[index]
    assert by(sign_up) == made
    attributes = strict.cloud.admin.users.get(id_in(made)).to_dict()
    assert (attributes["concertim_claimed"], attributes["options"]) == ("", {FIRST_USE: True})


@pytest.mark.usefixtures("usable_passwords")
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_an_answer_that_is_lost_costs_nothing(
    strict: Strict, sign_up: dict[str, Any], front: Proxy, login: str, method: str
) -> None:
    """The request recognises the user whom its own lost call has created under its claim, and goes on."""
    lost = []

    def lose(exchange: Exchange) -> None:
        exchange.ask_keystone()
        lost.append(exchange.path)
        exchange.reply(refusal(500, "The answer was lost."))

    front.instead = lambda how, path: lose if how == method and path.startswith("/users") and not lost else None
    user_id, _ = ids_in(create_user_project(sign_up))
    assert len(lost) == 1
    assert opens(strict.cloud, user_id)


def test_every_option_of_the_settings_is_in_keystone(
    cloud: Keystone, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """All that the setting allows is known to Keystone, and one call is enough without the option for first use."""
    options = ["ignore_password_expiry", "ignore_user_inactivity", "ignore_lockout_failure_attempts", "lock_password"]
    settings_file(f"user_handler: {{user_options: [{', '.join(options)}]}}")
    user_id, _ = ids_in(create_user_project(request_of()))
    attributes = cloud.admin.users.get(user_id).to_dict()
    assert attributes["options"] == dict.fromkeys(options, True)
    assert "concertim_claimed" not in attributes


@SIGN_UPS
def test_a_password_beyond_the_setting_is_refused_before_anything_is_made(
    cloud: Keystone, before: Proxy, through: RequestOf, settings_file: SettingsFile, by: Endpoint
) -> None:
    """Bytes count, not characters: most Keystones use the first 72 bytes alone."""
    settings_file("user_handler: {max_password_bytes: 72}")
    held = census(cloud.admin)
    for password, size in (("x" * 73, 73), ("é" * 40, 80)):
        why = f"password: has {size} bytes in UTF-8, and at most 72 are allowed (max_password_bytes)"
        assert by(through(password=password)) == error(400, "bad_request", why)
    assert census(cloud.admin) == held
    assert ("POST", "/users") not in before.calls
    assert opens(cloud, id_in(by(through(password="é" * 36))), "é" * 36)


def test_a_new_password_beyond_the_setting_changes_nothing(
    cloud: Keystone, request_of: RequestOf, settings_file: SettingsFile
) -> None:
    """A refused password does not change the e-mail address beside it."""
    user_id, _ = ids_in(create_user_project(request_of()))
    settings_file("user_handler: {max_password_bytes: 72}")
    held = census(cloud.admin)
    info = {"cloud_user_id": user_id, "new_data": {"password": "x" * 73, "email": "ann@site.example"}}
    why = "user_info.new_data.password: has 73 bytes in UTF-8, and at most 72 are allowed (max_password_bytes)"
    answer = change_user_details({"cloud_env": cloud.cloud_env(), "user_info": info})
    assert answer == error(400, "bad_request", why)
    assert census(cloud.admin) == held


def test_keystone_uses_the_first_72_bytes_and_says_nothing(cloud: Keystone, request_of: RequestOf) -> None:
    """The setting exists for this, and docs/operations.md says so of bcrypt."""
    user_id, _ = ids_in(create_user_project(request_of(password="é" * 40)))
    assert opens(cloud, user_id, "é" * 36)
