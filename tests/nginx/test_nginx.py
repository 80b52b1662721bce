"""Tests that no path takes the answer of an nginx before Keystone for an answer of Keystone."""

import json

import pytest

import handler
from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from lib.endpoint import Answer
from tests.nginx import Fronts
from tests.support.answers import done, error, unclear
from tests.support.bodies import FAILING, Given, Route, body_of, fields_of, ids_of
from tests.support.census import census, finished
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone
from tests.support.tls import Certificates

SPEAKS_TLS = error(502, "not_a_keystone", "The port in cloud_env.auth_url speaks TLS. Put https in place of http.")
PLAIN = error(
    502,
    "not_a_keystone",
    "The port in cloud_env.auth_url does not speak TLS. Put http in place of https, or the port at which Keystone"
    " speaks https.",
)
REMEDY = "Put https in place of http into cloud_env.auth_url, with the port of https."


@pytest.fixture
def held(cloud: Keystone, login: str, request_of: RequestOf) -> Given:
    """Signs up a user at Keystone without nginx, and returns what a request about the user needs."""
    status, body = create_user_project(request_of())
    assert status == 201
    assert isinstance(body, dict)
    return Given(login, body["user_id"], body["project_id"], "correct-horse")


def ask(cloud: Keystone, url: str, route: Route, given: Given) -> Answer:
    """Returns the answer to a request to this path with this auth_url."""
    body = body_of(route, given, *ids_of(route))
    return handler.ROUTES[route]({"cloud_env": cloud.cloud_env() | {"auth_url": url}, **body})


@pytest.mark.parametrize(
    ("front", "answer"),
    [
        ("default_backend", unclear(404, "a page")),
        ("limited", unclear(429, "a page")),
        (
            "down",
            error(502, "keystone_failed", "Keystone failed to log in, with status 502. Repeat the request."),
        ),
    ],
)
@pytest.mark.parametrize("route", FAILING)
def test_no_path_takes_a_page_for_keystones_answer(
    cloud: Keystone, fronts: Fronts, held: Given, route: Route, front: str, answer: Answer
) -> None:
    """A page in place of Keystone's answers is reported as such, and never as a missing user or a wrong password."""
    before = census(cloud.admin)
    if front == "limited":
        # This uses up the one request that nginx accepts in a minute.
        ask(cloud, fronts.limited, route, held)
    assert ask(cloud, getattr(fronts, front), route, held) == answer
    assert census(cloud.admin) == before


# A request that names nobody gets no 404.
@pytest.mark.parametrize("route", [route for route in FAILING if fields_of(route)])
def test_a_page_in_place_of_keystones_404_proves_nothing(
    cloud: Keystone, fronts: Fronts, login: str, route: Route
) -> None:
    """A page in place of Keystone's 404 is not taken for 'not found', even after a log-in that succeeded."""
    before = census(cloud.admin)
    gone = Given(login, "0" * 32, "f" * 32)
    assert ask(cloud, fronts.own_pages, route, gone) == unclear(404, "a page")
    assert census(cloud.admin) == before


def test_pages_in_place_of_refusals_keep_no_removal_from_being_done(
    cloud: Keystone, fronts: Fronts, held: Given
) -> None:
    """A removal works behind a front that replaces refusals. Its repeat is unclear, as Keystone's 404 is replaced."""
    env = cloud.cloud_env() | {"auth_url": fronts.own_pages}
    request = {"cloud_env": env, "user_info": {"cloud_user_id": held.user_id, "project_id": held.project_id}}
    assert delete_user(request) == done()
    now = census(cloud.admin)
    assert not {held.user_id, held.project_id} & {*now.users, *now.projects}
    assert delete_user(request) == unclear(404, "a page")


def test_a_page_in_place_of_keystones_401_is_no_wrong_password(
    cloud: Keystone, fronts: Fronts, request_of: RequestOf
) -> None:
    """A page in place of Keystone's 401 does not mean a wrong password, although the header is still Keystone's."""
    env = cloud.cloud_env() | {"auth_url": fronts.own_pages, "password": "wrong"}
    assert create_user_project(request_of(cloud_env=env)) == unclear(401, "a page")


def test_a_page_in_place_of_keystones_409_is_no_conflict(
    cloud: Keystone, fronts: Fronts, held: Given, request_of: RequestOf
) -> None:
    """A finished sign-up cannot be repeated if a page replaces Keystone's 409, since the page proves no conflict."""
    before = census(cloud.admin)
    env = cloud.cloud_env() | {"auth_url": fronts.own_pages}
    assert create_user_project(request_of(cloud_env=env)) == unclear(409, "a page")
    assert census(cloud.admin) == before
    assert held.user_id in before.users


def test_a_sign_up_that_is_too_large_for_nginx_is_refused_as_that(
    cloud: Keystone, fronts: Fronts, login: str, request_of: RequestOf
) -> None:
    """A sign-up whose password makes a call too large for nginx is answered 400. One with a shorter password works."""
    before = census(cloud.admin)
    env = cloud.cloud_env() | {"auth_url": fronts.small}
    # Each of these characters takes twelve bytes in JSON, so the call has more than nginx's limit of 1 KiB.
    answer = create_user_project(request_of(cloud_env=env, password="\N{KEY}" * 100))
    assert answer == error(400, "bad_request", "The request is too large for Keystone, or for a proxy before it.")
    assert census(cloud.admin) == before
    assert create_user_project(request_of(cloud_env=env)) == finished(cloud, login)


def test_http_at_a_port_of_tls_is_told(cloud: Keystone, fronts: Fronts, request_of: RequestOf) -> None:
    """A port that answers plain HTTP with a page of status 400 is found to speak TLS by trying TLS on it."""
    env = cloud.cloud_env() | {"auth_url": fronts.tls.replace("https:", "http:")}
    assert create_user_project(request_of(cloud_env=env)) == SPEAKS_TLS


def test_https_at_a_plain_port_is_told(cloud: Keystone, fronts: Fronts, request_of: RequestOf) -> None:
    """A port without TLS is reported as plain, and not as one with a bad certificate."""
    env = cloud.cloud_env() | {"auth_url": fronts.plain.replace("http:", "https:")}
    assert create_user_project(request_of(cloud_env=env)) == PLAIN


@pytest.mark.parametrize("route", FAILING)
def test_a_redirect_to_https_is_told_with_its_target_in_the_log_alone(
    cloud: Keystone, fronts: Fronts, held: Given, caplog: pytest.LogCaptureFixture, route: Route
) -> None:
    """The answer to a redirect has a remedy but not its target: callers choose the server, and may not learn hosts."""
    caplog.clear()
    why = f"What answers at cloud_env.auth_url redirects (301) to a URL that the log has. {REMEDY}"
    assert ask(cloud, fronts.to_tls, route, held) == error(502, "not_a_keystone", why)
    [line] = caplog.messages
    assert line.endswith(f"; detail: answered 301 with a redirect to {fronts.tls}/auth/tokens; repeat: does not help")


def test_a_redirect_to_https_is_told_with_its_target_where_operators_say_what_is_dialled(
    cloud: Keystone,
    fronts: Fronts,
    leaves: Certificates,
    login: str,
    request_of: RequestOf,
    settings_file: SettingsFile,
) -> None:
    """If allowed_auth_urls is set, the answer has the target of the redirect, and a sign-up with that URL works."""
    allowed = {"allowed_auth_urls": [fronts.to_tls, fronts.tls], "cacert": str(leaves.authority)}
    settings_file(json.dumps({"user_handler": allowed}))
    env = cloud.cloud_env()
    target = fronts.tls.removesuffix("/v3")
    why = f"What answers at cloud_env.auth_url redirects (301) to {target}. {REMEDY}"
    assert create_user_project(request_of(cloud_env=env | {"auth_url": fronts.to_tls})) == error(
        502, "not_a_keystone", why
    )
    assert create_user_project(request_of(cloud_env=env | {"auth_url": target})) == finished(cloud, login)
