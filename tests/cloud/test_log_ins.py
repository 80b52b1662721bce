"""Tests of log-ins that Keystone refuses to a person or to cloud_env's account, and of the remedies that are named."""

from typing import Any

import pytest

from functions.create_user_project import create_user_project
from lib.endpoint import Answer
from tests.cloud.strict import PASSWORD, SECOND_FACTOR, USABLE, Strict, ids_in, through
from tests.support.answers import error, unclear
from tests.support.census import census
from tests.support.proxy import Exchange, Proxy

pytestmark = pytest.mark.usefixtures("usable_passwords")


@pytest.fixture
def sign_up(strict: Strict, front: Proxy, login: str) -> dict[str, Any]:
    """Returns a person's sign-up, which reaches Keystone through the proxy."""
    return {"cloud_env": through(front, strict.cloud.cloud_env()), "username": login, "password": PASSWORD}


@pytest.fixture
def refused_log_ins(front: Proxy) -> list[str]:
    """Returns a list that collects Keystone's request ids of the log-ins that it refuses from now on."""
    ids: list[str] = []

    def note(exchange: Exchange) -> None:
        answered = exchange.ask_keystone()
        if answered[0] == 401:
            ids.append({name.lower(): value for name, value in answered[1].items()}["x-openstack-request-id"])
        exchange.reply(answered)

    front.instead = lambda _method, path: note if path == "/auth/tokens" else None
    return ids


def cannot_be_proved(login: str, why: str) -> Answer:
    """Returns the answer to a sign-up whose user exists, is in use, and is not opened by the password."""
    return error(409, "name_taken", f"User concertim_{login} exists and cannot be proved to be this sign-up's: {why}")


def stays(strict: Strict, sign_up: dict[str, Any], caplog: pytest.LogCaptureFixture, ids: list[str]) -> Answer:
    """Returns the answer to a sign-up; asserts that it changed nothing and that the log has Keystone's request id."""
    held = census(strict.cloud.admin)
    caplog.clear()
    answer = create_user_project(sign_up)
    assert census(strict.cloud.admin) == held
    [line], [refused] = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"], ids
    assert "; step: prove the user's password; " in line
    assert f"; keystone_request_id: {refused}; repeat: does not help" in line
    return answer


@pytest.mark.parametrize("remedy", ["--enable", "--password-prompt"])
def test_a_persons_locked_account_can_be_unlocked(
    strict: Strict,
    sign_up: dict[str, Any],
    login: str,
    caplog: pytest.LogCaptureFixture,
    refused_log_ins: list[str],
    remedy: str,
) -> None:
    """Keystone does not tell a locked account from a wrong password, so the message names both.

    Each of the two commands in the message unlocks the account.
    """
    made = create_user_project(sign_up)
    user, _ = ids_in(made)
    strict.set_user(user, password=PASSWORD, options=USABLE)
    assert create_user_project(sign_up) == made
    strict.lock(user)
    why = (
        "the password sent does not open it, or failed log-ins have locked it, which Keystone does not tell apart."
        " If it is this login's, an operator can look into Keystone's log, unlock it (openstack user set --disable"
        f" {user} && openstack user set --enable {user}), set its password (openstack user set --password-prompt"
        f" {user}) or remove it."
    )
    assert stays(strict, sign_up, caplog, refused_log_ins) == cannot_be_proved(login, why)
    strict.set_user(user, **({"enabled": True} if remedy == "--enable" else {"password": PASSWORD}))
    assert create_user_project(sign_up) == made


def test_a_persons_expired_password_can_be_set(
    strict: Strict,
    sign_up: dict[str, Any],
    login: str,
    caplog: pytest.LogCaptureFixture,
    refused_log_ins: list[str],
) -> None:
    """The message repeats Keystone's own sentence about the expired password.

    The password expires here as an operator sets it and lets the user change it before its first use.
    """
    made = create_user_project(sign_up)
    user, _ = ids_in(made)
    strict.set_user(user, password=PASSWORD, options={"ignore_change_password_upon_first_use": False})
    why = (
        f"The password is expired and needs to be changed for user: {user}. An operator can set the password that"
        " Concertim has, and keep it from expiring upon first use (openstack user set"
        f" --ignore-change-password-upon-first-use --password-prompt {user})."
    )
    assert stays(strict, sign_up, caplog, refused_log_ins) == cannot_be_proved(login, why)
    strict.set_user(user, password=PASSWORD, options=USABLE)
    assert create_user_project(sign_up) == made


def test_a_second_factor_of_a_person_can_be_done_without(
    strict: Strict,
    sign_up: dict[str, Any],
    login: str,
    caplog: pytest.LogCaptureFixture,
    refused_log_ins: list[str],
) -> None:
    """Keystone says that the password is right, but lets nobody in with the password alone."""
    made = create_user_project(sign_up)
    user, _ = ids_in(made)
    strict.set_user(user, password=PASSWORD, options=USABLE | SECOND_FACTOR)
    why = (
        "the password sent is right, and Keystone wants a second factor, too, which Concertim cannot give. An operator"
        f" can look (openstack user show {user}) and do without it (openstack user set --disable-multi-factor-auth"
        f" {user})."
    )
    assert stays(strict, sign_up, caplog, refused_log_ins) == cannot_be_proved(login, why)
    strict.set_user(user, options={"multi_factor_auth_enabled": False})
    assert create_user_project(sign_up) == made


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429])
def test_a_page_in_place_of_the_answer_to_a_persons_log_in_is_not_asked_again(
    strict: Strict, front: Proxy, sign_up: dict[str, Any], status: int
) -> None:
    """A page may have replaced a refusal, which counts towards the lock-out, and says nothing of the password."""
    ids_in(create_user_project(sign_up))
    held = census(strict.cloud.admin)
    front.calls.clear()
    page = (status, {"Content-Type": "text/html"}, b"<html>Sorry</html>")
    front.instead = lambda _method, path: page if path == "/auth/tokens" else None
    assert create_user_project(sign_up) == unclear(status, "a page")
    assert front.tokens() == 1
    assert census(strict.cloud.admin) == held


def sent(env: dict[str, Any]) -> str:
    """Returns the words in which a message repeats what cloud_env names."""
    if "user_id" in env:
        return f"user id {env['user_id']}, project id {env['project_id']}"
    return f"user {env['username']} of domain Default, project {env['project_name']} of domain Default"


def refused(env: dict[str, Any], why: str) -> Answer:
    """Returns the answer where Keystone refuses the log-in of cloud_env's account."""
    return error(403, "cloud_env_refused", f"Keystone refuses the log-in of cloud_env's account ({sent(env)}): {why}")


def sign_ups(env: dict[str, dict[str, Any]], login: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Returns each form of cloud_env together with a sign-up that uses it."""
    return [(one, {"cloud_env": one, "username": f"{login}-{form}", "password": PASSWORD}) for form, one in env.items()]


def test_an_expired_account_of_cloud_env_is_told_as_keystone_tells_it(strict: Strict, login: str) -> None:
    """An expired password is not reported as a wrong one, whether cloud_env names the account by name or by id."""
    user, env = strict.operator()
    requests = sign_ups(env, login)
    why = f"The password is expired and needs to be changed for user: {user}."
    for one, request in requests:
        assert create_user_project(request) == refused(one, why)
    strict.set_user(user, password=PASSWORD, options=USABLE)
    for _, request in requests:
        ids_in(create_user_project(request))


@pytest.mark.parametrize("rules", [[["password", "totp"]], [["totp"]]])
def test_an_account_of_cloud_env_that_wants_a_second_factor_is_told_so(
    strict: Strict, login: str, rules: list[list[str]]
) -> None:
    """The answer says that the password was right and that a second factor is missing."""
    user, env = strict.operator(**USABLE, **SECOND_FACTOR | {"multi_factor_auth_rules": rules})
    requests = sign_ups(env, login)
    for one, request in requests:
        why = (
            f"Keystone accepts the password of cloud_env's account ({sent(one)}) and wants a second factor, which this"
            " service cannot give. Use an account without multi-factor authentication."
        )
        assert create_user_project(request) == error(403, "cloud_env_refused", why)
    strict.set_user(user, options={"multi_factor_auth_enabled": False})
    for _, request in requests:
        ids_in(create_user_project(request))


def test_a_locked_account_of_cloud_env_is_among_what_may_be_wrong(strict: Strict, login: str) -> None:
    """Keystone does not say that an account is locked, so the answer names that as one possible cause."""
    user, env = strict.operator(**USABLE)
    requests = sign_ups(env, login)
    strict.lock(user)
    why = (
        "the user, password, project or domain is wrong or disabled, the user has no role on the project, or failed"
        " log-ins have locked the user."
    )
    for one, request in requests:
        assert create_user_project(request) == refused(one, why)
    strict.set_user(user, enabled=True)
    for _, request in requests:
        ids_in(create_user_project(request))
