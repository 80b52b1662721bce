"""Tests of a cloud_env whose account Keystone refuses, either from the start or after it has been used."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import handler
from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from lib.endpoint import Answer
from tests.cloud.strict import through
from tests.support.answers import done, error, refusal
from tests.support.bodies import FAILING, Body, Given, Route, body_of, ids_of
from tests.support.census import census, finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, Proxy

PASSWORD = "of-the-operator"


def refused(sent: str) -> Answer:
    """Returns the answer where Keystone gives no reason for refusing a log-in, with what was sent for it."""
    why = (
        "the user, password, project or domain is wrong or disabled, the user has no role on the project, or failed"
        " log-ins have locked the user."
    )
    return error(403, "cloud_env_refused", f"Keystone refuses the log-in of cloud_env's account ({sent}): {why}")


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        ({"password": "wrong-one"}, "user admin of domain Default, project admin of domain Default"),
        ({"username": "nobody"}, "user nobody of domain Default, project admin of domain Default"),
        ({"project_name": "nothing"}, "user admin of domain Default, project nothing of domain Default"),
        ({"user_domain_name": "nowhere"}, "user admin of domain nowhere, project admin of domain Default"),
        ({"project_domain_name": "nowhere"}, "user admin of domain Default, project admin of domain nowhere"),
        ({"user_id": "x", "project_id": "y"}, "user id x, project id y"),
        ({"user_id": "x"}, "user id x, project admin of domain Default"),
        # The form may have been filled in with the password in a second field.
        ({"user_id": "wrong-one", "password": "wrong-one"}, "user ***, project admin of domain Default"),
    ],
)
def test_what_was_sent_for_a_log_in_that_is_refused_is_told(
    cloud: Keystone,
    request_of: RequestOf,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, str],
    sent: str,
) -> None:
    """The answer and the log show what was sent, so that a mistake in the form can be seen.

    Neither of them shows the password or the URL.
    """
    held = census(cloud.admin)
    answer = create_user_project(request_of(cloud_env=cloud.cloud_env() | change))
    assert answer == refused(sent)
    [line] = caplog.messages
    assert f"; problem: {answer[1]['message']}; step: log in; " in line  # type: ignore[index]
    assert line.endswith(
        "; detail: Unauthorized 401 The request you have made requires authentication.; repeat: does not help"
    )
    assert "wrong-one" not in line
    assert "admin-password" not in line
    assert census(cloud.admin) == held


def test_a_domain_that_keystone_says_it_does_not_know_is_named_in_the_next_way(
    cloud: Keystone, login: str, before: Proxy, through: RequestOf
) -> None:
    """With insecure_debug, Keystone says in its refusal that there is no such domain."""
    says = refusal(401, "Could not find domain: Default. (Disable insecure_debug mode to suppress these details.)")
    before.instead = lambda _method, path: says if path == "/auth/tokens" and before.tokens() == 1 else None
    assert create_user_project(through()) == finished(cloud, login)
    assert before.tokens() == 2


def test_a_keystone_that_cannot_be_reached_is_no_matter_of_the_account(cloud: Keystone, request_of: RequestOf) -> None:
    """An unreachable Keystone is reported in words that do not show its URL."""
    env = cloud.cloud_env() | {"auth_url": "http://127.0.0.1:1/v3"}
    why = "Keystone cannot be reached at cloud_env.auth_url."
    assert create_user_project(request_of(cloud_env=env)) == error(502, "keystone_failed", why)


class Operator:
    """An account in a domain of its own, with a project there and the role admin on it."""

    def __init__(self, cloud: Keystone) -> None:
        admin, name = cloud.admin, f"operator-{uuid.uuid4().hex[:12]}"
        self._admin = admin
        self.domain = admin.domains.create(name).id
        self.user = admin.users.create(name, domain=self.domain, password=PASSWORD).id
        self.project = admin.projects.create(name, domain=self.domain).id
        admin.roles.grant(admin.roles.list(name="admin")[0].id, user=self.user, project=self.project)
        self.env = {"auth_url": cloud.auth_url, "user_id": self.user, "project_id": self.project, "password": PASSWORD}

    def lose(self, what: str, how: str) -> None:
        """Disables or deletes the account, its project, or the domain of both."""
        manager, known_id = getattr(self._admin, f"{what}s"), getattr(self, what)
        if how == "disabled" or what == "domain":
            # Keystone deletes no domain that is enabled.
            manager.update(known_id, enabled=False)
        if how == "deleted":
            manager.delete(known_id)
        self._let_each_thread_know()

    def _let_each_thread_know(self) -> None:
        """Sends enough requests for each of Keystone's sixteen threads to notice the change.

        A thread goes by what it has cached until it has served another request.
        """
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: self._admin.users.list(name="concertim"), range(64)))


def warmed(route: Route, env: dict[str, Any], given: Given) -> Body:
    """Returns a request to this path, whose credential has a cached token and is used by no other path."""
    body = {"cloud_env": env | {"username": " ".join(route)}, **body_of(route, given, *ids_of(route))}
    nobody = {"cloud_user_id": "0" * 32, "new_data": {"email": "x@site.example"}}
    assert handler.ROUTES["PATCH", "/user"]({"cloud_env": body["cloud_env"], "user_info": nobody})[0] == 404
    return body


@pytest.mark.parametrize("how", ["disabled", "deleted"])
@pytest.mark.parametrize("what", ["user", "project", "domain"])
def test_no_path_takes_the_loss_of_its_own_account_for_an_answer(
    cloud: Keystone, before: Proxy, login: str, settings_file: Callable[[str], Path], what: str, how: str
) -> None:
    """When the account of cloud_env is lost, Keystone answers 404 to every call with the cached token.

    That 404 must count neither as a successful removal nor as a user who does not exist.
    """
    settings_file("user_handler: {standing_grants: []}")
    operator = Operator(cloud)
    env = through(before, operator.env)
    status, made = create_user_project({"cloud_env": env, "username": login, "password": "correct-horse"})
    assert status == 201
    assert isinstance(made, dict)
    given = Given(login, made["user_id"], made["project_id"], "correct-horse")
    requests = {route: warmed(route, env, given) for route in FAILING}
    operator.lose(what, how)
    held = census(cloud.admin)
    answers, begun_with_a_log_in = {}, []
    for route, request in requests.items():
        before.calls.clear()
        answers[route] = handler.ROUTES[route](request)
        begun_with_a_log_in += [route] if before.calls[0] == ("POST", "/auth/tokens") else []
    assert answers == dict.fromkeys(FAILING, refused(f"user id {operator.user}, project id {operator.project}"))
    assert begun_with_a_log_in == []
    assert census(cloud.admin) == held


def test_two_calls_whose_cached_token_is_refused_are_both_repeated(cloud: Keystone, before: Proxy, login: str) -> None:
    """Both calls are repeated after one new log-in, also the one that is refused while the other is logging in."""
    env = through(before, cloud.cloud_env())
    _, made = create_user_project({"cloud_env": env, "username": login, "password": "correct-horse"})
    assert isinstance(made, dict)
    kept = before.headers[-1]["X-Auth-Token"]
    both_asked, logging_in, both_refused = Event(), Event(), Event()

    def refuse_the_kept(exchange: Exchange) -> None:
        if exchange.headers["X-Auth-Token"] != kept:
            exchange.reply(exchange.ask_keystone())
            return
        late = exchange.path.startswith("/v3/projects")
        if late:
            both_asked.set()
        assert (logging_in if late else both_asked).wait(30)
        exchange.reply(refusal(401, "The request you have made requires authentication."))
        if late:
            both_refused.set()

    def log_in(exchange: Exchange) -> None:
        logging_in.set()
        assert both_refused.wait(30)
        # The late refusal must also have been read before the log-in is answered.
        time.sleep(0.2)
        exchange.reply(exchange.ask_keystone())

    before.instead = lambda _method, path: log_in if path == "/auth/tokens" else refuse_the_kept
    before.calls.clear()
    info = {"cloud_user_id": made["user_id"], "project_id": made["project_id"]}
    assert delete_user({"cloud_env": env, "user_info": info}) == done()
    assert before.tokens() == 1
    held = census(cloud.admin)
    assert not {made["user_id"], made["project_id"]} & {*held.users, *held.projects}
