"""Tests of connections and calls to Keystone: how many there are, in whose name, and what a failure does."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from socket import create_server
from typing import Any

import pytest

from functions.create_team_role import create_team_role
from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from lib.endpoint import Answer
from lib.keystone.connect import clear_connections
from tests.faults.faults import warm_up
from tests.support.answers import error, refusal, unclear
from tests.support.census import finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Answered, Exchange, Fault, Proxy

REDIRECTED = error(
    502,
    "not_a_keystone",
    "What answers at cloud_env.auth_url redirects (302) to a URL that the log has. Put the URL that it leads to into"
    " cloud_env.auth_url.",
)
NOT_YOU = "You are not authorized to perform the requested action: identity:create_project."


def test_a_cold_sign_up_is_twelve_calls_and_a_warm_one_seven(before: Proxy, through: RequestOf, login: str) -> None:
    """A warm sign-up makes a user, a project and four grants, and sets the default project.

    A cold one also asks for a token, three roles and one account.
    """
    assert create_user_project(through())[0] == 201
    cold, before.calls = before.calls, []
    assert create_user_project(through(username=f"{login}-2"))[0] == 201
    warm = before.calls
    assert warm[:2] == [("POST", "/users"), ("POST", "/projects")]
    assert sorted(method for method, _ in warm[2:]) == ["PATCH", *["PUT"] * 4]
    assert cold[0] == ("POST", "/auth/tokens")
    assert sorted(cold[1:5]) == [("GET", "/roles")] * 3 + [("GET", "/users")]
    assert len(cold) == 5 + len(warm) == 12


def waves(before: Proxy, step: Callable[[], Any]) -> int:
    """Returns how often the step waits for Keystone, which is the longest chain of calls that do not overlap."""
    spans: list[tuple[float, float]] = []

    def timed(exchange: Exchange) -> None:
        begun = time.monotonic()
        time.sleep(0.2)
        answered = exchange.ask_keystone()
        spans.append((time.monotonic(), begun))
        exchange.reply(answered)

    before.instead = lambda _method, _path: timed
    step()
    chain, free = 0, 0.0
    for ended, begun in sorted(spans):
        if begun >= free:
            chain, free = chain + 1, ended
    return chain


@pytest.mark.parametrize(("warmed", "expected"), [(False, 5), (True, 3)], ids=["cold", "warm"])
def test_a_sign_up_waits_for_keystone_so_many_times_only(
    before: Proxy, through: RequestOf, warmed: bool, expected: int
) -> None:
    """A sign-up waits for the token, the look-ups, the user, the project, and the grants with the default project.

    The look-ups are sent in parallel, and so are the grants.
    """
    request = through()
    if warmed:
        warm_up(request)
    answers: list[Answer] = []
    assert waves(before, lambda: answers.append(create_user_project(request))) == expected
    assert [status for status, _ in answers] == [201]


def test_a_user_and_a_project_are_looked_up_in_parallel(cloud: Keystone, before: Proxy, login: str) -> None:
    """A team role waits for both look-ups and then the grant, and a removal for both look-ups and then each removal.

    The older service made all of these calls one after the other.
    """
    env = cloud.cloud_env() | {"auth_url": before.auth_url}
    _, made = create_user_project({"cloud_env": env, "username": login, "password": "correct-horse"})
    assert isinstance(made, dict)
    role = {"role": "member", "user_id": made["user_id"], "project_id": made["project_id"]}
    info = {"cloud_user_id": made["user_id"], "project_id": made["project_id"]}
    answers: list[Answer] = []
    for step, expected in [
        (lambda: answers.append(create_team_role({"cloud_env": env, "team_role": role})), 2),
        (lambda: answers.append(delete_user({"cloud_env": env, "user_info": info})), 3),
    ]:
        assert waves(before, step) == expected
    assert answers == [(201, {"success": True})] * 2


def test_a_repeated_sign_up_proves_the_password_once(before: Proxy, through: RequestOf) -> None:
    """Keystone hashes the password twice: for the create that it refuses, and for one log-in."""
    create_user_project(through())
    before.calls.clear()
    assert create_user_project(through())[0] == 201
    assert before.calls[:5] == [
        ("POST", "/users"),
        ("GET", "/users"),
        ("POST", "/auth/tokens"),
        ("POST", "/projects"),
        ("GET", "/projects"),
    ]
    assert ("GET", "/role_assignments") in before.calls[5:10]
    assert sorted(method for method, _ in before.calls[5:10]) == ["GET", *["PUT"] * 4]
    # After all grants, the user is read again, since another request may have claimed them meanwhile.
    assert before.calls[10:] == [("GET", "/users")]


def test_connections_are_reused_by_later_requests(
    cloud: Keystone, before: Proxy, through: RequestOf, login: str
) -> None:
    """Five connections are enough, as at most five calls run in parallel, and every form of cloud_env shares them."""
    assert create_user_project(through())[0] == 201
    by_ids = cloud.cloud_env_by_ids() | {"auth_url": before.auth_url}
    for number in range(3):
        assert create_user_project(through(username=f"{login}-{number}", cloud_env=by_ids))[0] == 201
    assert before.connections <= 5
    assert before.tokens() == 2


def cut_when_kept(exchange: Exchange) -> None:
    """Cuts a connection off when it is used for a second call, as a bare uWSGI may, but reliably."""
    if vars(exchange).setdefault("answered", False):
        exchange.cut()
        return
    vars(exchange)["answered"] = True
    exchange.reply(exchange.ask_keystone())


def test_pooled_connections_that_turn_out_closed_cost_no_try(
    cloud: Keystone, before: Proxy, through: RequestOf, login: str
) -> None:
    """After the first sign-up five connections are pooled, which is more than the tries that one step has.

    The second sign-up finds each of them closed.
    """
    before.instead = lambda _method, _path: cut_when_kept
    for one in (login, f"{login}-2", f"{login}-3"):
        assert create_user_project(through(username=one)) == finished(cloud, one)


def test_what_is_refused_after_a_closed_connection_has_changed_nothing(before: Proxy, through: RequestOf) -> None:
    """The call that was lost with the connection would have been refused as well, so the answer is a 4xx."""
    before.instead = lambda _method, _path: cut_when_kept
    warm_up(through())

    def refusing(method: str, path: str) -> Answered | Fault | None:
        return refused if (method, path) == ("POST", "/users") else cut_when_kept

    def refused(exchange: Exchange) -> None:
        exchange.cut() if vars(exchange).get("answered") else exchange.reply(refusal(400, "Too simple."))

    before.instead = refusing
    assert create_user_project(through()) == error(
        400, "bad_request", "Keystone refuses to create the user: Too simple."
    )


def test_a_conflict_after_a_closed_connection_may_be_due_to_the_same_request(before: Proxy, through: RequestOf) -> None:
    """When Keystone made the user and its answer was lost, a later refusal must not say that nothing was changed."""
    warm_up(through())
    asked: list[tuple[str, str]] = []

    def lost(exchange: Exchange) -> None:
        exchange.ask_keystone()
        exchange.cut()

    def instead(method: str, path: str) -> Answered | Fault | None:
        asked.append((method, path))
        if asked == [("POST", "/users")]:
            return lost
        return refusal(403, NOT_YOU) if (method, path) == ("POST", "/projects") else None

    before.instead = instead
    message = (
        "Begun but not finished; repeat the same request once this is mended: Keystone's policy does not let"
        f" cloud_env's account create the project: {NOT_YOU} The account holds the role admin: the policy itself would"
        " have to change."
    )
    assert create_user_project(through()) == error(503, "unfinished", message)


def test_twenty_concurrent_cold_requests_log_in_once(before: Proxy, through: RequestOf, login: str) -> None:
    """Twenty concurrent requests share one log-in, and one look-up of each role and account."""
    with ThreadPoolExecutor(20) as threads:
        requests = [through(username=f"{login}-{number}", password=f"secret-{number}") for number in range(20)]
        answers = list(threads.map(create_user_project, requests))
    assert [status for status, _ in answers] == [201] * 20
    assert before.tokens() == 1
    assert sorted(before.calls[:5]) == [("GET", "/roles")] * 3 + [("GET", "/users"), ("POST", "/auth/tokens")]
    assert before.calls.count(("GET", "/roles")) == 3


@pytest.mark.parametrize(("form", "log_ins"), [("E1", 2), ("E2", 1)])
def test_twenty_cold_requests_with_a_wrong_password_share_its_failure(
    cloud: Keystone, before: Proxy, through: RequestOf, form: str, log_ins: int
) -> None:
    """Keystone may lock an account after failed log-ins, so one failure answers all requests that wait for it.

    With E1 the domain is named in two ways, as Keystone does not say whether it knows the name.
    """
    go = threading.Barrier(20)

    def slowly(method: str, path: str) -> Answered | None:
        if path == "/auth/tokens":
            arrived.wait(10)
        return None

    arrived = threading.Event()
    before.instead = slowly
    env = cloud.cloud_env() if form == "E1" else cloud.cloud_env_by_ids()
    request = through(cloud_env=env | {"auth_url": before.auth_url, "password": "wrong"})

    def call(_: int) -> int:
        go.wait(10)
        if go.n_waiting == 0:
            threading.Timer(0.5, arrived.set).start()
        return create_user_project(request)[0]

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(call, range(20))) == [403] * 20
    assert before.tokens() == log_ins


def test_a_wrong_password_never_uses_a_cached_connection(before: Proxy, through: RequestOf) -> None:
    """A wrong password is tried at Keystone by itself, even just after the right one has opened a connection."""
    assert create_user_project(through())[0] == 201
    wrong = through()
    wrong["cloud_env"]["password"] += "-wrong"
    assert create_user_project(wrong)[0] == 403


def test_a_changed_password_ends_the_cached_connection(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """Keystone revokes the tokens of an account whose password changes, so the old password is refused from then on."""
    admin = cloud.admin
    owner = admin.users.create(f"owner-{login}", domain="default", password="old")
    home = admin.projects.create(f"home-{login}", domain="default")
    [role] = admin.roles.list(name="admin")
    admin.roles.grant(role.id, user=owner.id, project=home.id)
    env = {"auth_url": cloud.auth_url, "user_id": owner.id, "project_id": home.id, "password": "old"}
    made = create_user_project(request_of(cloud_env=env))
    assert made[0] == 201
    admin.users.update(owner.id, password="new")
    assert create_user_project(request_of(cloud_env=env))[0] == 403
    # Keystone refuses tokens of the very second in which it revoked others.
    time.sleep(1.1)
    assert create_user_project(request_of(cloud_env=env | {"password": "new"})) == made
    assert create_user_project(request_of(cloud_env=env))[0] == 403


def test_an_account_of_cloud_env_that_is_made_anew_is_noticed(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """An account that is made anew has the same name and password but another id.

    The cached connection logs in again, and the roles are granted to the new account.
    """
    [role] = cloud.admin.roles.list(name="admin")
    home = cloud.admin.projects.create(f"home-{login}", domain="default")
    env = cloud.cloud_env() | {"username": f"owner-{login}", "password": "same", "project_name": home.name}
    for number in range(2):
        owner = cloud.admin.users.create(f"owner-{login}", domain="default", password="same")
        cloud.admin.roles.grant(role.id, user=owner.id, project=home.id)
        # Keystone refuses tokens of the very second in which it revoked others.
        time.sleep(1.1)
        status, body = create_user_project(request_of(cloud_env=env, username=f"{login}-{number}"))
        assert status == 201
        assert isinstance(body, dict)
        held = cloud.admin.role_assignments.list(user=owner.id, project=body["project_id"])
        assert [one.role["id"] for one in held] == [role.id]
        cloud.admin.users.delete(owner.id)


def test_a_role_made_anew_is_looked_up_again(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: Callable[[str], Any]
) -> None:
    """After a role was made anew, the first grant by its cached id is answered 404, and the step is repeated."""
    settings_file(f"user_handler: {{user_roles: [role-{login}]}}")
    stale = cloud.admin.roles.create(f"role-{login}")
    assert create_user_project(request_of())[0] == 201
    cloud.admin.roles.delete(stale.id)
    fresh = cloud.admin.roles.create(f"role-{login}")
    status, body = create_user_project(request_of(username=f"{login}-2"))
    assert status == 201
    assert isinstance(body, dict)
    held = cloud.admin.roles.list(user=body["user_id"], project=body["project_id"])
    assert [role.id for role in held] == [fresh.id]


def test_a_role_that_goes_missing_after_the_user_was_made_is_a_repeatable_failure(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: Callable[[str], Any]
) -> None:
    """The first answer is no 4xx, as something was made; a repeat says what to prepare, and then one finishes."""
    settings_file(f"user_handler: {{user_roles: [role-{login}]}}")
    role = cloud.admin.roles.create(f"role-{login}")
    assert create_user_project(request_of())[0] == 201
    cloud.admin.roles.delete(role.id)
    request = request_of(username=f"{login}-2")
    missing = (
        f"The cloud is not prepared for Concertim: it has no role role-{login}. Run: openstack role create role-{login}"
    )
    begun = f"Begun but not finished; repeat the same request once this is mended: {missing}"
    assert create_user_project(request) == error(503, "unfinished", begun)
    assert create_user_project(request) == error(424, "cloud_not_prepared", missing)
    cloud.admin.roles.create(f"role-{login}")
    assert create_user_project(request)[0] == 201


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_tried_again(before: Proxy, through: RequestOf, status: int) -> None:
    """Every step of a sign-up, including the log-in, survives one failure that passes."""
    failed: set[tuple[str, str]] = set()

    def first_of_each(method: str, path: str) -> Answered | None:
        if (method, path) in failed:
            return None
        failed.add((method, path))
        return status, {"Content-Type": "text/html"}, b"<html>busy</html>"

    before.instead = first_of_each
    assert create_user_project(through())[0] == 201
    assert len(failed) == 10


@pytest.mark.parametrize("answered", [(500, {}, b""), (200, {"Content-Type": "text/html"}, b"<html>")])
def test_a_create_whose_answer_was_lost_is_never_followed_by_a_4xx(
    cloud: Keystone, before: Proxy, through: RequestOf, login: str, answered: Answered
) -> None:
    """The user was made and the answer lost, so the refusal of the next try does not mean that nothing was changed."""

    def lost(exchange: Exchange) -> None:
        exchange.ask_keystone()
        exchange.reply(answered)

    def lost_then_refused(method: str, path: str) -> Answered | Fault | None:
        if (method, path) != ("POST", "/users"):
            return None
        return refusal(400, "No.") if before.calls.count((method, path)) > 1 else lost

    before.instead = lost_then_refused
    why = (
        "Begun but not finished; repeat the same request once this is mended: Keystone refuses to create the user: No."
    )
    assert create_user_project(through()) == error(503, "unfinished", why)
    assert len(cloud.admin.users.list(name=f"concertim_{login}")) == 1
    before.instead = lambda _method, _path: None
    assert create_user_project(through())[0] == 201


def test_a_look_alike_is_never_adopted(before: Proxy, through: RequestOf, login: str) -> None:
    """MariaDB compares names without case and accents, so a create may conflict with the user of another login."""
    other = {"id": "0" * 32, "name": f"CONCERTIM_{login}", "domain_id": "default", "enabled": True}

    def as_mariadb(method: str, path: str) -> Answered | None:
        if (method, path) == ("POST", "/users"):
            return refusal(409, "Duplicate entry")
        if (method, path) == ("GET", "/users") and ("POST", "/users") in before.calls:
            return 200, {"Content-Type": "application/json"}, json.dumps({"users": [other]}).encode()
        return None

    before.instead = as_mariadb
    why = (
        f"A user whose name Keystone does not tell from concertim_{login} exists, and is another login's."
        " Choose another login, or let an operator rename that user (openstack user set --name)."
    )
    assert create_user_project(through()) == error(409, "name_taken", why)
    assert before.calls[-1] == ("GET", "/users")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("answered", "answer"),
    [
        ((302, {"Location": "/"}, b""), REDIRECTED),
        ((200, {"Content-Type": "text/html"}, b"<html>"), unclear(200, "a page")),
    ],
)
def test_a_page_in_place_of_an_answer_is_no_success(
    before: Proxy, through: RequestOf, method: str, answered: Answered, answer: Answer
) -> None:
    """When a proxy before Keystone answers with a page, the grants were not made, so the answer is not 201."""
    before.instead = lambda asked, _path: answered if asked == method else None
    assert create_user_project(through()) == answer
    before.instead = lambda _method, _path: None
    assert create_user_project(through())[0] == 201


def test_a_list_that_is_not_what_keystone_lists_is_told_apart(before: Proxy, through: RequestOf) -> None:
    """An answer that is JSON, but does not have the form of Keystone's lists, is recognised."""
    answered = (200, {"Content-Type": "application/json"}, b'{"roles": [{"id": 5}]}')
    before.instead = lambda _method, path: answered if path == "/roles" else None
    why = "What answers at cloud_env.auth_url is not a Keystone v3."
    assert create_user_project(through()) == error(502, "not_a_keystone", why)


def test_a_filter_that_is_ignored_finds_nobody_else(
    cloud: Keystone, before: Proxy, through: RequestOf, login: str
) -> None:
    """Keystone lists everything if it does not know a filter, so the name and domain of each result are checked."""
    domain = cloud.admin.domains.create(f"elsewhere-{login}")
    cloud.admin.users.create("concertim", domain=domain.id, password="x")
    everybody = {"users": [user.to_dict() for user in cloud.admin.users.list()]}
    everybody["users"].sort(key=lambda user: user["domain_id"] != domain.id)
    answered = (200, {"Content-Type": "application/json"}, json.dumps(everybody).encode())
    before.instead = lambda method, path: answered if (method, path) == ("GET", "/users") else None
    status, body = create_user_project(through())
    assert status == 201
    assert isinstance(body, dict)
    [ours] = cloud.admin.users.list(name="concertim", domain="default")
    held = cloud.admin.role_assignments.list(user=ours.id, project=body["project_id"])
    assert len(held) == 2


def test_what_keystone_says_is_left_out_where_it_quotes_a_secret(before: Proxy, through: RequestOf) -> None:
    """The whole sentence is left out, as the gap would tell what was in it."""
    said = refusal(400, "Value: correct-horse.")
    before.instead = lambda method, path: said if (method, path) == ("POST", "/users") else None
    assert create_user_project(through()) == error(400, "bad_request", "Keystone refuses to create the user: ***")


def test_what_keystone_says_is_one_line_of_bounded_length(before: Proxy, through: RequestOf) -> None:
    """Whoever answers at the URL may write anything into what it says."""
    said = "Value: wrong.\n2026 - [INFO] forged \x1b[2J" + "x" * 5000
    before.instead = lambda method, path: refusal(400, said) if (method, path) == ("POST", "/users") else None
    status, body = create_user_project(through())
    assert isinstance(body, dict)
    begins = "Keystone refuses to create the user: Value: wrong. 2026 - [INFO] forged "
    assert (status, body["error"], body["message"][: len(begins)]) == (400, "bad_request", begins)
    assert len(body["message"]) < 1100
    assert body["message"].isprintable()


@pytest.mark.parametrize(
    ("answered", "answer"),
    [
        (
            (503, {"Content-Type": "application/json"}, b"{}"),
            error(503, "keystone_busy", "Keystone is too busy to log in. Repeat the request."),
        ),
        (
            (500, {"Content-Type": "text/html"}, b"<html>"),
            error(502, "keystone_failed", "Keystone failed to log in, with status 500. Repeat the request."),
        ),
        ((200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"), unclear(200, "a page")),
        (
            (201, {"Content-Type": "application/json"}, b'{"token": {}}'),
            error(502, "not_a_keystone", "What answers at cloud_env.auth_url is not a Keystone v3."),
        ),
        ((302, {"Location": "http://127.0.0.1:9/elsewhere"}, b""), REDIRECTED),
        ((405, {}, b""), unclear(405, "an empty body")),
        (
            (404, {"Content-Type": "application/json"}, b'{"message": "no Route matched"}'),
            unclear(404, "JSON of another form"),
        ),
        ((401, {"Content-Type": "text/html"}, b"<html>Log in</html>"), unclear(401, "a page")),
        (
            (501, {"Content-Type": "text/html"}, b"<html>"),
            error(502, "not_a_keystone", "What answers at cloud_env.auth_url is not a Keystone v3: it answered 501."),
        ),
        (
            (413, {"Content-Type": "text/html"}, b"<html>"),
            error(400, "bad_request", "The request is too large for Keystone, or for a proxy before it."),
        ),
    ],
)
def test_an_answer_that_is_no_token_is_told_apart(
    before: Proxy, through: RequestOf, answered: Answered, answer: object
) -> None:
    """The answer tells whether Keystone is busy, broken or not a Keystone; a redirect is not followed."""
    before.instead = lambda _method, _path: answered
    assert create_user_project(through()) == answer


def test_a_keystone_that_never_answers_costs_no_more_than_the_deadline(
    request_of: RequestOf, cloud: Keystone, settings_file: Callable[[str], Any]
) -> None:
    """A server that accepts the connection and stays silent costs no more than the deadline."""
    settings_file("user_handler: {deadline: 0.5}")
    with create_server(("127.0.0.1", 0)) as silent:
        env = cloud.cloud_env() | {"auth_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        begun = time.monotonic()
        answer = create_user_project(request_of(cloud_env=env))
        assert time.monotonic() - begun < 2
    assert answer == error(504, "deadline_exceeded", "Keystone took too long to log in. Repeat the request.")


def test_keystone_learns_the_request_id(before: Proxy, through: RequestOf) -> None:
    """An operator can find one sign-up in the logs of both services by its request id."""
    before.instead = lambda _method, _path: refusal(401, "The request you have made requires authentication.")
    _, body = create_user_project(through())
    assert isinstance(body, dict)
    assert {headers["X-OpenStack-Request-ID"] for headers in before.headers} == {body["request_id"]}


def test_no_proxy_of_the_environment_is_used(
    cloud: Keystone, request_of: RequestOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service connects to the host that the request names, and to no proxy that an environment variable names."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    # A machine that excludes itself from its proxy would reach Keystone even if the proxy were used.
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    clear_connections()
    assert create_user_project(request_of())[0] == 201
