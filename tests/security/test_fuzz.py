"""Tests that random requests, Keystone answers, bytes and quotings cause no bug, no hang and no leak of a secret.

`make security` tries some of each, `make fuzz` thirty times as many.
"""

import html
import json
import socket
import string
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client, EnvironBuilder

import handler
from lib import call
from lib.call.masking import mask
from lib.settings.loading import JWT_VARIABLE
from tests.contract.ui import token
from tests.security.attacks import Rehearsal, Stage, asking, rehearsing, stage
from tests.security.canaries import GLUES
from tests.support.answers import refusal
from tests.support.bodies import FAILING, ROUTES
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone
from tests.support.proxy import Answered, Exchange, Proxy, proxy
from tests.support.service import Service, service

Record = Callable[[str, object], None]
SECRET = "of the Concertim UI, and of 32 bytes at least"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "\x00", ""]
PATHS = ["/", "", *sorted({path for _, path in ROUTES})]
# Each of these statuses may answer a random request. Any other status, such as 500, is a bug.
GOOD = {200, 201, 400, 401, 403, 404, 405, 409, 411, 413, 415, 424, 502, 503, 504}

keys = st.sampled_from(
    ["cloud_env", "username", "password", "auth_url", "user_id", "project_id", "user_info", "new_data", "team_role"]
) | st.text(max_size=5)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["admin", "member", "", " ", "\ud800", "../projects/x", "x" * 300, "default", "0" * 32, 10**400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the path to the value itself and to each value in it."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def changed(value: Any, path: tuple[Any, ...], to: Any) -> Any:
    """Returns the JSON value with the value at this path replaced."""
    if not path:
        return to
    first, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[first] = changed(value[first], (*rest,), to)
    return copy


@st.composite
def changes(draw: st.DrawFn, whole: st.SearchStrategy[Any]) -> Any:
    """Draws a JSON value in which up to two inner values are replaced by random ones."""
    value = draw(whole)
    for _ in range(draw(st.integers(0, 2))):
        value = changed(value, draw(st.sampled_from([*places(value)])), draw(values))
    return value


@st.composite
def spoilt(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Draws bytes of which a few are removed, repeated or replaced."""
    data = draw(whole)
    for _ in range(draw(st.integers(1, 3))):
        start, size = draw(st.integers(0, len(data))), draw(st.integers(0, 5))
        data = data[:start] + draw(st.binary(max_size=5) | st.just(data[start : start + 50])) + data[start + size :]
    return data


def as_json(value: Any) -> bytes:
    """Returns the value as JSON in which every character beyond ASCII is escaped."""
    return json.dumps(value).encode()


def headers() -> st.SearchStrategy[dict[str, str]]:
    """Returns a strategy for headers that this service or its libraries read, with any value that HTTP can carry."""
    latin = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60)
    names = ["Authorization", "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "X-OpenStack-Request-ID"]
    names += ["Expect", "Accept", "X-Forwarded-For", "X-Http-Method-Override", "Content-Encoding", "Cookie"]
    usual = st.sampled_from(["application/json", "chunked", "gzip", "5", "-1", "Bearer x", "Bearer a.b.c"])
    return st.dictionaries(st.sampled_from(names), latin | usual, max_size=4)


@pytest.fixture
def refusing() -> Iterator[Proxy]:
    """Runs a server that immediately refuses every log-in as Keystone does."""
    refused = refusal(401, "No.")
    with proxy("http://127.0.0.1:9") as running:
        running.instead = lambda _method, _path: refused
        yield running


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("guarded", [False, True], ids=["open", "guarded"])
def test_any_request_is_answered_in_json(
    monkeypatch: pytest.MonkeyPatch,
    settings_file: SettingsFile,
    refusing: Proxy,
    record_property: Record,
    guarded: bool,
) -> None:
    """Except for GET / and HEAD, any request is answered with a JSON object, whether or not its caller gets in."""
    # A random auth_url must not lead to any other server.
    settings_file(json.dumps({"user_handler": {"allowed_auth_urls": [refusing.auth_url]}}))
    if guarded:
        monkeypatch.setenv(JWT_VARIABLE, SECRET)
    statuses: Counter[int] = Counter()
    env = {"auth_url": refusing.auth_url, "user_id": "x", "project_id": "x", "password": "correct-horse"}

    def whole(route: tuple[str, str]) -> dict[str, Any]:
        return {"cloud_env": env, **asking(route, "ann", "0" * 32, "1" * 32, "correct-horse")}

    routes = st.sampled_from(sorted(ROUTES))
    paths = st.sampled_from(PATHS) | st.text(st.characters(max_codepoint=255), max_size=20).map(lambda text: "/" + text)
    data = st.binary() | values.map(as_json) | spoilt(routes.map(whole).map(as_json))
    nearly = routes.flatmap(
        lambda route: st.tuples(st.just(route), st.just({}) | headers(), changes(st.just(whole(route))).map(as_json))
    )
    anything = st.tuples(st.tuples(st.sampled_from(METHODS), paths), headers(), data)
    tokens = st.none() | st.just(b"") | spoilt(st.builds(lambda: token(SECRET).encode()))

    @given(nearly | anything, tokens, st.booleans())
    def try_one(asked: tuple[tuple[str, str], dict[str, str], bytes], bearer: bytes | None, terminated: bool) -> None:
        (method, path), more, body = asked
        known = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json", "REQUEST_METHOD": method}
        environ = EnvironBuilder("/").get_environ() | known
        environ |= {"PATH_INFO": path, "wsgi.input": BytesIO(body), "HTTP_AUTHORIZATION": f"Bearer {token(SECRET)}"}
        if bearer is not None:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {bearer.decode('latin-1')}"
        if terminated:
            environ["wsgi.input_terminated"] = True
        for name, value in more.items():
            variable = name.upper().replace("-", "_")
            environ[variable if variable.startswith("CONTENT_") else f"HTTP_{variable}"] = value
        sent, status, sent_headers = Client(handler.application).run_wsgi_app(environ)
        code = int(status.split()[0])
        statuses[code] += 1
        assert code in GOOD
        text = b"".join(sent)
        if method == "HEAD":
            assert text == b""
        elif (code, text) != (200, b"Running"):
            assert sent_headers["Content-Type"] == "application/json"
            answer = json.loads(text)
            if code == 200:
                # A check of a cloud is answered, whatever the cloud is.
                assert set(answer) == {"ready", "items"}
                return
            assert set(answer) == {"error", "message", "request_id"}
            assert answer["message"].isprintable()

    try_one()
    record_property("inputs", ("requests", statuses.total()))
    assert statuses[401] or not guarded
    # Without these, the random requests would have missed some of the ways through the service.
    assert {200, 400, 403, 404, 405} <= set(statuses)
    assert refusing.calls


# Statuses such as 503 are left out: the service pauses before it retries them, which would take too long here.
STATUSES = [200, 201, 202, 204, 206, 300, 302, 304, 400, 401, 404, 405, 409, 410, 413, 418, 422, 501]
APPLICATION_JSON = {"Content-Type": "application/json"}


@st.composite
def answers(draw: st.DrawFn, good: Answered) -> Answered:
    """Draws an answer that differs from this one in anything from nothing to its status, headers and body."""
    status, given_headers, data = good
    if data:
        data = draw(changes(st.just(json.loads(data))).map(as_json) | spoilt(st.just(data)) | st.binary())
    status = draw(st.just(status) | st.sampled_from(STATUSES))
    types = st.sampled_from(["application/json", "application/json; charset=utf-7", "text/html", ""])
    kind = draw(st.just("application/json") | types)
    subject = draw(st.just(given_headers.get("X-Subject-Token", "x")) | st.sampled_from(["", "é", "x" * 9000]))
    return status, {"Content-Type": kind, "X-Subject-Token": subject}, data


@pytest.fixture(scope="module")
def played() -> Iterator[Stage]:
    """Runs the proxy that gives the rehearsed answers."""
    with stage() as running:
        yield running


class _Odd:
    """A scripted Keystone for one request, which answers as rehearsed except for one call."""

    def __init__(self, rehearsal: Rehearsal, index: int, instead: Answered) -> None:
        self._left = {asked: [*given] for asked, given in rehearsal.answers.items()}
        self._index, self._instead = index, instead
        self._lock = threading.Lock()

    def answer(self, exchange: Exchange) -> None:
        """Answers the next call."""
        asked = exchange.command, "/v3" + exchange.path.partition("/v3")[2]
        with self._lock:
            self._index -= 1
            left = self._left.get(asked, [])
            good = left.pop(0) if len(left) > 1 else left[0] if left else (404, APPLICATION_JSON, b"{}")
            hit = self._index == -1
        exchange.reply(self._instead if hit else good)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("method", "path"), [pytest.param(*route, id=" ".join(route)) for route in ROUTES])
def test_no_answer_of_keystone_causes_a_bug(
    cloud: Keystone, login: str, played: Stage, record_property: Record, method: str, path: str
) -> None:
    """A Keystone that answers any one call with other JSON, other bytes or another status causes no bug."""
    function = handler.ROUTES[method, path]
    user = cloud.admin.users.create(f"concertim_{login}", domain="default", password="x", **mark("user", login))
    project = cloud.admin.projects.create(f"concertim_{login}_project", domain="default", **mark("project", login))
    body = asking((method, path), login, user.id, project.id, "battery-staple")
    with rehearsing(cloud) as (auth_url, rehearsal):
        assert function({"cloud_env": cloud.cloud_env() | {"auth_url": auth_url}, **body})[0] in (200, 201)
    calls = [answered for given in rehearsal.answers.values() for answered in given]
    # A check takes ten times as long: it makes up ids, which the rehearsal does not have, and asks again.
    tried, of_all = 0, 4 if (method, path) in FAILING else 40

    @settings(max_examples=settings().max_examples // of_all)
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        nonlocal tried
        tried += 1
        index, like = data.draw(st.integers(0, len(calls) - 1)), data.draw(st.sampled_from(calls))
        odd = _Odd(rehearsal, index, data.draw(answers(like)))
        env = cloud.cloud_env() | {"auth_url": played.add(odd.answer)}
        status, answer = function({"cloud_env": env, **body})
        assert isinstance(answer, dict)
        assert status in GOOD

    try_one()
    record_property("inputs", ("answers of Keystone", tried))


def mark(kind: str, login: str) -> dict[str, str]:
    """Returns the attributes that mark a user or project as managed by Concertim."""
    return {"concertim_kind": kind, "concertim_name": login}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Runs a service that may connect only to a port where nothing listens."""
    config = tmp_path_factory.mktemp("wire") / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {config.parent}/log, allowed_auth_urls: ['http://127.0.0.1:9']}}")
    with service("--config", str(config)) as one:
        yield one


@pytest.mark.timeout(3600)
def test_any_bytes_on_the_wire_are_answered_or_hung_up_on(running: Service, record_property: Record) -> None:
    """Random bytes are answered or disconnected. The next request is served, nothing is 500, and stderr stays empty."""
    at = urlsplit(str(running.url))
    request = (
        b"POST /create_user_project HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 17\r\nConnection: close\r\n\r\n{'username': 'a'}GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    chunked = (
        b"DELETE /user HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\n\r\nPATCH /user HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]"
    )
    statuses: Counter[bytes] = Counter()

    @given(st.binary(max_size=300) | spoilt(st.sampled_from([request, chunked])))
    def try_one(data: bytes) -> None:
        with socket.create_connection((str(at.hostname), at.port or 0), timeout=20) as wire:
            said = b""
            try:
                wire.sendall(data)
                wire.shutdown(socket.SHUT_WR)
                while piece := wire.recv(65536):
                    said += piece
            except ConnectionError:
                pass
        status = said.split(b" ")[1][:3] if said.startswith(b"HTTP/") else said[:3]
        statuses[status] += 1
        assert status == b"" or int(status) in GOOD | {100, 431, 501}

    try_one()
    record_property("inputs", ("on the wire", statuses.total()))
    assert {b"", b"400", b"404"} <= set(statuses)
    with socket.create_connection((str(at.hostname), at.port or 0), timeout=20) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
    assert running.complained() == ""
    assert "500" not in {line.split(" ms")[0].split(" ")[-2] for line in running.said().splitlines() if " ms" in line}


QUOTINGS: list[Callable[[str], str]] = [
    repr,
    lambda text: repr(text.encode()),
    lambda text: json.dumps({"password": text}),
    lambda text: json.dumps([text], ensure_ascii=False),
    lambda text: html.escape(f"<{text}>"),
    quote,
    lambda text: quote(text, safe=""),
    lambda text: f"password={text}&x",
    lambda text: f"bad value '{text}'",
    lambda text: text.encode().decode("latin-1"),
    lambda text: " ".join(text.split(" ")),
]


@pytest.mark.timeout(3600)
def test_no_quoting_of_quotings_brings_a_secret_past_the_mask(record_property: Record) -> None:
    """A secret is masked in a text that has quoted it in up to four ways, one inside another."""
    tried = 0
    words = st.text(string.ascii_letters + string.digits, min_size=6, max_size=12)
    glues = st.text(max_size=6) | st.sampled_from([*GLUES.values()])

    @given(st.lists(words, min_size=2, max_size=4, unique=True), glues, st.lists(st.sampled_from(QUOTINGS), max_size=4))
    def try_one(parts: list[str], glue: str, quotings: list[Callable[[str], str]]) -> None:
        nonlocal tried
        tried += 1
        secret = glue.join(parts)
        text = secret
        for quoting in quotings:
            text = quoting(text)
        with call.serving("test") as this:
            this.secrets.update([secret])
            masked = mask(f"Keystone says: {text}, and more.")
        assert all(part not in masked for part in parts if part not in "Keystone says: , and more. password bad value")

    try_one()
    record_property("inputs", ("quotings of secrets", tried))
