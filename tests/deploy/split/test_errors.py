"""Tests that what a front answers by itself is JSON in UserHandler's form, and says what is wrong."""

import json
from typing import Any

import pytest
import requests

from tests.deploy.split.broken import breaking, said_to
from tests.deploy.split.fronts import FILES, Front, Site, front
from tests.support.answers import error
from tests.support.older_server import NAME, OlderServer, older_server

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
UNREADABLE = error(400, "bad_request", "The request is not HTTP that can be read.")
WITHOUT_LENGTH = error(411, "length_required", "Send the body with a Content-Length.")
TOO_LARGE = error(413, "content_too_large", "The body has 1 MiB or more.")
HEADERS_TOO_LARGE = error(431, "headers_too_large", "The headers are too large.")
URI_TOO_LONG = error(414, "uri_too_long", "The path is too long.")
NOT_IMPLEMENTED = error(501, "not_implemented", "This transfer encoding is not served.")
BAD_GATEWAY = error(502, "bad_gateway", "The server of this path cannot be reached, or broke off.")
UNAVAILABLE = error(503, "service_unavailable", "No server of this path can be reached.")
TOO_LATE = error(504, "gateway_timeout", "The server of this path did not answer in time.")
# Each program's own choice.
DOWN = {"nginx": BAD_GATEWAY, "haproxy": UNAVAILABLE}

every_front = pytest.mark.parametrize("name", FILES)


def told(answer: requests.Response) -> tuple[int, Any]:
    """Returns status and body of an answer in UserHandler's form, which has its id in a header, too."""
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert answer.headers["X-OpenStack-Request-ID"] == body["request_id"]
    return answer.status_code, body


def told_in(raw: tuple[int, str | None, bytes] | None) -> tuple[int, Any]:
    """Returns status and body of an answer that was read from a socket."""
    assert raw
    status, kind, body = raw
    assert kind == "application/json"
    return status, json.loads(body)


def ask(front: Front, path: str, **more: Any) -> requests.Response:
    """Posts to this path."""
    return requests.post(f"{front.url}{path}", timeout=60, **({"json": {}} | more))


@every_front
def test_without_userhandler_the_older_server_goes_on(name: str, older: OlderServer, nobody: str) -> None:
    """A path of UserHandler's is answered 502 or 503, now and later, and a path of the older server's as always."""
    with front(name, Site(nobody, older.address)) as running:
        for _ in range(3):
            assert told(ask(running, "/user")) == DOWN[name]
            assert ask(running, "/statistics").json()["server"] == NAME


@every_front
def test_without_the_older_server_userhandler_goes_on(name: str, site: Site, nobody: str) -> None:
    """A path of the older server's is answered 502 or 503, and a path of UserHandler's as always."""
    with front(name, Site(site.user_handler, nobody)) as running:
        for _ in range(3):
            assert told(ask(running, "/statistics")) == DOWN[name]
            assert requests.get(running.url, timeout=60).text == "Running"


LIMITS = {
    "nginx": {"proxy_read_timeout 55s": "proxy_read_timeout 1s", "proxy_read_timeout 65s": "proxy_read_timeout 1s"},
    "haproxy": {"timeout server 55s": "timeout server 1s", "timeout server 65s": "timeout server 1s"},
}


@every_front
@pytest.mark.parametrize("path", ["/user", "/statistics"])
def test_a_server_that_takes_too_long_is_a_504(name: str, path: str) -> None:
    """The front stops waiting, and sends the request to no server again."""
    with older_server() as slow, front(name, Site(slow.address, slow.address), LIMITS[name]) as running:
        assert told(ask(running, f"{path}?after=3")) == TOO_LATE
        assert [one for one in slow.asked if one != ("GET", "/readyz")] == [("POST", path)]


@every_front
@pytest.mark.parametrize("path", ["/user", "/statistics"])
def test_a_server_that_breaks_off_is_a_502(name: str, path: str) -> None:
    """A request that the server has read is not sent again: the older server is not made for repeats."""
    with breaking() as broken, older_server() as good:
        site = Site(broken.address, good.address) if path == "/user" else Site(good.address, broken.address)
        with front(name, site) as running:
            checks = broken.requests
            assert told(ask(running, path)) == BAD_GATEWAY
            assert broken.requests <= checks + 1


@every_front
def test_no_second_older_server_gets_what_one_has_read(name: str, site: Site) -> None:
    """A site may have two of them, although a request to them must not be sent again."""
    between = {"nginx": " max_fails=0;\n    server ", "haproxy": " check\n    server other_older_server "}[name]
    with breaking() as one, breaking() as other:
        two = Site(site.user_handler, f"{one.address}{between}{other.address}")
        with front(name, two) as running:
            assert told(ask(running, "/credits")) == BAD_GATEWAY
            assert one.requests + other.requests == 1


def posted(path: str, framed: str, body: bytes) -> bytes:
    """Returns a request that says in this header how its body is framed.

    A front may answer before it has read all of it. Requests, the library, does not always read such an answer.
    """
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{framed}\r\n\r\n".encode() + body


@pytest.mark.parametrize("path", ["/user", "/statistics"])
@pytest.mark.parametrize("size", [MIB, 16 * MIB])
def test_a_body_of_1_mib_is_refused(plain: Front, older: OlderServer, path: str, size: int) -> None:
    """Neither server gets it."""
    asked = [*older.asked]
    assert told_in(said_to(plain, posted(path, f"Content-Length: {size}", b"x" * size))) == TOO_LARGE
    assert older.asked == asked


@pytest.mark.parametrize("length", [MIB, 2**32 + 1, 2**62])
def test_a_length_of_1_mib_is_refused_before_the_body_comes(plain: Front, length: int) -> None:
    """However large the number is."""
    assert told_in(said_to(plain, posted("/user", f"Content-Length: {length}", b""))) == TOO_LARGE


def test_a_body_below_1_mib_arrives(plain: Front) -> None:
    """The older server gets the whole of it. UserHandler refuses it in its own words, which name its own limit."""
    own = error(413, "content_too_large", "The body has more than 65536 bytes.")
    assert told(ask(plain, "/user", data=b"x" * (MIB - 1), json=None, headers=JSON)) == own
    assert ask(plain, "/statistics", data=b"x" * (MIB - 1), json=None).json()["body"] == "x" * (MIB - 1)


@pytest.mark.parametrize("size", [10, MIB])
def test_a_body_without_a_length_is_measured_or_refused(plain: Front, size: int) -> None:
    """Nginx reads it, and passes it on with a length. HAProxy cannot tell how large it is."""
    chunks = f"{size:x}\r\n{'x' * size}\r\n0\r\n\r\n".encode()
    status, body = told_in(said_to(plain, posted("/statistics", "Transfer-Encoding: chunked", chunks)))
    if plain.name == "haproxy":
        assert (status, body) == WITHOUT_LENGTH
    elif size == MIB:
        assert (status, body) == TOO_LARGE
    else:
        assert (body["body"], body["headers"]["Content-Length"]) == ("x" * size, f"{size}")


HOST = b"HTTP/1.1\r\nHost: x\r\n"
NOT_HTTP = {
    b"GET / " + HOST + b"no header\r\n\r\n": UNREADABLE,
    b"GET / " + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n": UNREADABLE,
    b"GET /\x01 " + HOST + b"\r\n": UNREADABLE,
    b"GET user " + HOST + b"\r\n": UNREADABLE,
    b"G T / " + HOST + b"\r\n": UNREADABLE,
    b"\x00\x01\x02\x03\r\n\r\n": UNREADABLE,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": UNREADABLE,
    b"GET / " + HOST + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n": HEADERS_TOO_LARGE,
    b"GET /" + b"x" * 100_000 + b" " + HOST + b"\r\n": URI_TOO_LONG,
    b"GET / " + HOST + b"Transfer-Encoding: gzip\r\n\r\n": NOT_IMPLEMENTED,
}


@pytest.mark.parametrize("sent", NOT_HTTP, ids=range(len(NOT_HTTP)))
def test_what_is_not_http_is_answered_without_a_page(plain: Front, sent: bytes) -> None:
    """Nginx answers in JSON even where it could not read the request. HAProxy has a page alone, and closes instead."""
    raw = said_to(plain, sent)
    if plain.name == "haproxy":
        assert raw is None
    else:
        assert told_in(raw) == NOT_HTTP[sent]


def test_a_method_that_nginx_refuses_is_told(site: Site) -> None:
    """HAProxy passes it on."""
    with front("nginx", site) as running:
        raw = said_to(running, b"TRACE /user " + HOST + b"\r\n")
        assert told_in(raw) == error(405, "method_not_allowed", "This method is not served.")


def test_plain_http_at_a_port_of_tls_is_refused(tls: Front) -> None:
    """Nginx answers, and HAProxy closes the connection."""
    raw = said_to(tls, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert raw is None if tls.name == "haproxy" else told_in(raw) == UNREADABLE
