"""Tests of paths, methods, bodies and headers through the WSGI application itself."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder

from functions.create_user_project import create_user_project
from handler import app, application
from lib.endpoint import Answer
from lib.serving.wsgi import wsgi
from lib.settings.loading import JWT_VARIABLE
from tests.support.answers import error

SIGN_UP = "/create_user_project"


def answer_to(*args: Any, **kwargs: Any) -> tuple[Answer, dict[str, str]]:
    """Returns the status and body as a function would return them, and the headers of the response."""
    response = Client(application).open(*args, **kwargs)
    assert response.headers["X-OpenStack-Request-ID"].startswith("req-")
    body: Any = response.text if response.mimetype == "text/plain" else response.get_json()
    if isinstance(body, dict):
        assert response.mimetype == "application/json"
        assert body["request_id"] == response.headers["X-OpenStack-Request-ID"]
    return (response.status_code, body), dict(response.headers)


def answer_to_chunked(body: BytesIO) -> Answer:
    """Returns the answer of a host that passes chunked bodies on and marks where they end."""
    return answer_to(
        SIGN_UP,
        method="POST",
        headers={"Transfer-Encoding": "chunked"},
        input_stream=body,
        environ_overrides={"wsgi.input_terminated": True},
    )[0]


@pytest.mark.parametrize("path", ["/", "//", ""])
def test_the_root_says_running_in_plain_text(path: str) -> None:
    """The older service answers this, and health checks look for it."""
    answer, headers = answer_to(path, method="GET")
    assert answer == (200, "Running")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_hosts_find_the_application_by_either_name() -> None:
    """Some hosts look for `application`, others for `app`."""
    assert app is application


def test_the_root_answers_head_without_a_body() -> None:
    """Some health checks send HEAD in place of GET."""
    assert answer_to("/", method="HEAD")[0] == (200, "")


@pytest.mark.parametrize("path", ["/nothing", "/key_pairs", "/team/7/quotas", "/create_user_projects", "/%2e%2e/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_path_that_is_not_served_is_404_in_json(path: str, method: str) -> None:
    """The answer to an unknown path says that the path may belong to another Concertim service."""
    why = (
        "UserHandler does not serve this path. Key pairs, status updates, invoices, credits, orders, quotas and"
        " statistics belong to other Concertim services."
    )
    assert answer_to(path, method=method)[0] == error(404, "no_such_path", why)


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [("/", "POST", "GET, HEAD"), (SIGN_UP, "GET", "POST"), (SIGN_UP, "DELETE", "POST"), (SIGN_UP, "BREW", "POST")],
)
def test_another_method_is_405_with_those_allowed(path: str, method: str, allowed: str) -> None:
    """A 405 names the allowed methods in its message and in the header Allow."""
    answer, headers = answer_to(path, method=method)
    assert answer == error(405, "method_not_allowed", f"This path is served for {allowed} only.")
    assert headers["Allow"] == allowed


@pytest.mark.parametrize("path", [SIGN_UP, f"/{SIGN_UP}", f"{SIGN_UP}/", f"//{SIGN_UP}//"])
def test_extra_slashes_lead_to_the_same_function(path: str) -> None:
    """Base URLs are free text in the UI, so extra slashes are accepted, and nothing is redirected."""
    # The test client would take the first name after two slashes for a host, so the path is set in the environ.
    body = {"cloud_env": 1, "username": "ann", "password": "p"}
    answer, _ = answer_to("/", method="POST", json=body, environ_overrides={"PATH_INFO": path})
    assert answer == error(400, "bad_request", "cloud_env: must be an object")


@pytest.mark.parametrize("path", ["/", "/api/sign-up", SIGN_UP, ""])
def test_one_function_alone_is_served_at_any_path(path: str) -> None:
    """A function can be deployed by itself behind any path, and answers there as it does in the whole service."""
    request = {"cloud_env": 1, "username": "ann", "password": "p"}
    response = Client(wsgi(create_user_project)).post(path, json=request)
    assert (response.status_code, response.get_json()) == error(400, "bad_request", "cloud_env: must be an object")


def test_one_function_alone_asks_for_a_token_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that is deployed by itself asks for a token, too, where the site has a secret."""
    monkeypatch.setenv(JWT_VARIABLE, "s" * 32)
    response = Client(wsgi(create_user_project)).post("/", json={})
    why = "Send the header Authorization: Bearer with a token signed with this service's JWT_SECRET."
    assert (response.status_code, response.get_json()) == error(401, "unauthorized", why)


UNREADABLE = "request: is not JSON that can be read: UTF-8, each key once, no NaN, not too deep"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "request: is not JSON: Expecting value at line 1, column 1"),
        (b"{", "request: is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        (b'{"a": 1} x', "request: is not JSON: Extra data at line 1, column 10"),
        (b"[]", "request: must be an object"),
        (b"null", "request: must be an object"),
        (b'"text"', "request: must be an object"),
        (b'{"a": NaN}', UNREADABLE),
        (b'{"a": 1, "a": 2}', UNREADABLE),
        (b'{"a": ' + b"9" * 5000 + b"}", UNREADABLE),
        (b"\xff{}", UNREADABLE),
        (b"[" * 60000, UNREADABLE),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes, why: str) -> None:
    """The refusal of a body says where its JSON is wrong, and never quotes it."""
    answer, _ = answer_to(SIGN_UP, method="POST", data=body, content_type="application/json")
    assert answer == error(400, "bad_request", why)


def test_a_body_of_another_type_is_415() -> None:
    """A form is refused, as curl sends one when no Content-Type is given."""
    answer, _ = answer_to(SIGN_UP, method="POST", data={"username": "ann"})
    assert answer == error(415, "unsupported_media_type", "Send the body as application/json.")


def test_a_body_over_the_limit_is_413() -> None:
    """A body may have at most 64 KiB by default."""
    body = b'{"email": "' + b"x" * 65536 + b'"}'
    answer, _ = answer_to(SIGN_UP, method="POST", data=body, content_type="application/json")
    assert answer == error(413, "content_too_large", "The body has more than 65536 bytes.")


def test_a_chunked_body_that_the_host_drops_is_411() -> None:
    """Where the host drops the body, an empty request must not be served in its place."""
    answer, _ = answer_to(SIGN_UP, method="POST", headers={"Transfer-Encoding": "chunked"})
    why = "Send the body with a Content-Length: this host does not pass chunked bodies on."
    assert answer == error(411, "length_required", why)


def test_a_chunked_body_that_the_host_passes_on_is_read() -> None:
    """Some hosts, such as waitress, pass chunked bodies on."""
    assert answer_to_chunked(BytesIO(b"[]")) == error(400, "bad_request", "request: must be an object")


def test_a_chunked_body_over_the_limit_is_413() -> None:
    """A chunked body has no length to look at: what exceeds the limit is refused, and never cut off."""
    assert answer_to_chunked(BytesIO(b"[]" + b" " * 65535)) == error(
        413, "content_too_large", "The body has more than 65536 bytes."
    )


CUT_SHORT = error(400, "bad_request", "request: the body ended before it was complete, or is framed wrongly")


@pytest.mark.parametrize("terminated", [True, False])
def test_a_body_that_is_cut_short_is_refused(terminated: bool) -> None:
    """A body that is cut short is refused even on hosts that declare that a body ends by itself."""
    answer, _ = answer_to(
        SIGN_UP,
        method="POST",
        input_stream=BytesIO(b"[]"),
        environ_overrides={"wsgi.input_terminated": terminated, "CONTENT_LENGTH": "40"},
    )
    assert answer == CUT_SHORT


class InvalidChunkSize(Exception):
    """The exception that gunicorn raises; it quotes what cannot be read as the size of a chunk."""


class FramedWrongly(BytesIO):
    """The body that a host passes on when the chunks of a request are invalid."""

    def read(self, *_: object) -> bytes:
        """Raises as gunicorn does."""
        raise InvalidChunkSize(self.getvalue())

    readinto = read  # type: ignore[assignment]


def test_a_body_that_is_framed_wrongly_is_refused_and_not_quoted(caplog: pytest.LogCaptureFixture) -> None:
    """Not even the log quotes such a body: none of it was parsed, so nothing in it is known to be secret."""
    assert answer_to_chunked(FramedWrongly(b'{"password": "correct-horse"}')) == CUT_SHORT
    assert "detail: InvalidChunkSize" in caplog.text
    assert "correct-horse" not in caplog.text


def test_a_body_is_read_to_its_length_where_the_host_says_that_nothing_ends_it() -> None:
    """Werkzeug by itself would read on into the next request, or wait for ever."""
    answer, _ = answer_to(
        SIGN_UP,
        method="POST",
        input_stream=BytesIO(b"[]GET / HTTP/1.1"),
        environ_overrides={"wsgi.input_terminated": False, "CONTENT_LENGTH": "2"},
    )
    assert answer == error(400, "bad_request", "request: must be an object")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"REQUEST_METHOD": None}, "405", "method_not_allowed"),
        ({"REQUEST_METHOD": ""}, "405", "method_not_allowed"),
        ({"PATH_INFO": "/€"}, "404", "no_such_path"),
        ({"PATH_INFO": None}, "405", "method_not_allowed"),
        ({"CONTENT_LENGTH": ""}, "400", "bad_request"),
        ({"CONTENT_LENGTH": "x"}, "400", "bad_request"),
        ({"CONTENT_LENGTH": 2}, "500", "internal_error"),
        ({"PATH_INFO": b"/user"}, "500", "internal_error"),
    ],
)
def test_an_odd_environ_is_answered_too(change: dict[str, object], status: str, code: str) -> None:
    """Not every host follows WSGI in everything, and an exception would drop the connection."""
    began: list[str] = []

    def start_response(status: str, *_: object) -> Callable[[bytes], object]:
        began.append(status)
        return lambda _: None

    environ = EnvironBuilder(SIGN_UP, method="POST").get_environ() | change
    answer = b"".join(
        application({name: value for name, value in environ.items() if value is not None}, start_response)
    )
    body = json.loads(answer)
    assert ([one[:3] for one in began], body["error"]) == ([status], code)
    assert set(body) == {"error", "message", "request_id"}
