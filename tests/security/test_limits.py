"""Tests that clients who send too much, too slowly or too often are refused or cut off, and never stop the service."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.test import Client, EnvironBuilder

import handler
from functions.create_user_project import create_user_project
from lib.endpoint import Answer
from lib.serving.server import CONNECTIONS, HEADER_BYTES
from tests.support.answers import error
from tests.support.census import finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, proxy
from tests.support.service import Service, post, service

JSON = {"Content-Type": "application/json"}
# This program is the service with shorter time limits, so that tests need not wait long.
HURRIED = (
    "import handler; from lib.command_line import commands; from lib.serving import server;"
    "server.RECEIVE_SECONDS, server.IDLE_SECONDS = 1, 2;"
    "commands.main(handler.application, handler.FUNCTIONS, handler.openapi)"
)


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    """Runs the service with the time limits that it always has."""
    with service() as one:
        yield one


@pytest.fixture(scope="module")
def hurried() -> Iterator[Service]:
    """Runs the service with short time limits for clients."""
    with service(program=("-c", HURRIED)) as one:
        yield one


def is_running(one: Service) -> bool:
    """Returns whether the service answers GET / within five seconds."""
    begun = time.monotonic()
    answer = requests.get(str(one.url), timeout=10)
    return answer.text == "Running" and time.monotonic() - begun < 5


@contextmanager
def connected(one: Service) -> Iterator[socket.socket]:
    """Opens a connection to the service."""
    at = urlsplit(str(one.url))
    with socket.create_connection((str(at.hostname), at.port or 0), timeout=20) as wire:
        yield wire


def hung_up(wire: socket.socket) -> bool:
    """Returns whether the service closes the connection without an answer."""
    try:
        return wire.recv(65536) == b""
    except ConnectionError:
        return True


def test_a_request_beyond_all_slots_is_told_to_come_back(
    cloud: Keystone, login: str, request_of: RequestOf, tmp_path: Path
) -> None:
    """A request beyond the limit is answered 503 with Retry-After at once. GET / and admitted requests are served."""
    config = tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {tmp_path}/log, max_concurrent_requests: 3}}")
    arrived, go = threading.Event(), threading.Event()

    def wait(exchange: Exchange) -> None:
        arrived.set()
        go.wait(60)
        exchange.reply(exchange.ask_keystone())

    with proxy(cloud.auth_url) as slow, service("--config", str(config)) as one, ThreadPoolExecutor(3) as threads:
        slow.instead = lambda _method, path: wait if path == "/auth/tokens" else None
        env = cloud.cloud_env() | {"auth_url": slow.auth_url}
        served = [
            threads.submit(post, one.url, json=request_of(username=f"{login}-{number}", cloud_env=env))
            for number in range(3)
        ]
        assert arrived.wait(20)
        # The others need time to be admitted. They wait for the log-in of the first, so no event tells of them.
        time.sleep(1)
        begun = time.monotonic()
        answers = [requests.post(f"{one.url}/user", json=request_of(), timeout=60) for _ in range(5)]
        assert time.monotonic() - begun < 5
        assert is_running(one)
        go.set()
        assert [answer.result()[0] for answer in served] == [201] * 3
        again = post(one.url, json=request_of())
    why = "The service is busy with as many requests as it may serve in parallel. Repeat the request."
    for answer in answers:
        assert (answer.status_code, answer.json()) == error(503, "overloaded", why)
        assert answer.headers["Retry-After"] == "2"
    assert again == finished(cloud, login)


class Endless:
    """A body that never ends, and that counts the bytes read from it."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Returns this many bytes, and counts them."""
        assert size >= 0
        self.count += size
        return b" " * size

    def readline(self, size: int = -1) -> bytes:
        """Returns this many bytes, as a body without any line break may."""
        return self.read(size)


def answer_to(body: Any, **overrides: Any) -> Answer:
    """Returns the application's answer to a POST /user with this input stream and these variables in the environ."""
    environ = EnvironBuilder("/user", method="POST", content_type="application/json").get_environ()
    environ.pop("CONTENT_LENGTH", None)
    sent, status, _ = Client(handler.application).run_wsgi_app(environ | {"wsgi.input": body} | overrides)
    return int(status.split()[0]), json.loads(b"".join(sent))


@pytest.mark.parametrize(
    ("overrides", "most"),
    [
        ({"CONTENT_LENGTH": "65537"}, 65537),
        ({"CONTENT_LENGTH": "65538"}, 0),
        ({"CONTENT_LENGTH": str(10**15)}, 0),
        ({"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}, 2 * 65536),
    ],
)
def test_a_body_over_the_limit_is_not_read_whole(overrides: dict[str, Any], most: int) -> None:
    """At most one byte over the limit is read of a body with a length, and at most twice the limit of a chunked one."""
    body = Endless()
    why = "The body has more than 65536 bytes."
    assert answer_to(body, **overrides) == error(413, "content_too_large", why)
    assert body.count <= most


@pytest.mark.parametrize("overrides", [{"CONTENT_LENGTH": "65536"}, {"wsgi.input_terminated": True}])
def test_a_body_of_just_the_limit_is_read(overrides: dict[str, Any]) -> None:
    """A body of exactly the limit is accepted, whether Content-Length or the end of the stream tells its size."""
    answer = answer_to(BytesIO(b"[]" + b" " * 65534), **overrides)
    assert answer == error(400, "bad_request", "request: must be an object")


@pytest.mark.parametrize(
    ("header", "status"),
    [(f"Content-Length: {17 * 65536}", b"413"), (f"X: {'x' * HEADER_BYTES}", b"431")],
    ids=["a body", "a header"],
)
def test_what_is_even_larger_is_refused_by_waitress_in_its_own_words(
    running: Service, header: str, status: bytes
) -> None:
    """Waitress refuses far larger bodies and headers in plain text, before they reach the application."""
    with connected(running) as wire:
        wire.sendall(f"POST /user HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        said = wire.recv(65536)
    assert said.split()[1] == status
    assert b"Content-Type: text/plain" in said
    assert b"X-OpenStack-Request-ID" not in said
    assert is_running(running)


NOT_READABLE = "request: is not JSON that can be read: UTF-8, each key once, no NaN, not too deep"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"[" * 60_000, NOT_READABLE, id="arrays without end"),
        pytest.param(b'{"x":' * 10_000 + b"1" + b"}" * 10_000, NOT_READABLE, id="objects without end"),
        pytest.param(b'{"username": "a", "username": "b"}', NOT_READABLE, id="a key twice"),
        pytest.param(b'{"cloud_env": {"password": "a", "password": "b"}}', NOT_READABLE, id="a key twice, inside"),
        pytest.param(b'{"username": "\xff"}', NOT_READABLE, id="not UTF-8"),
        pytest.param('{"username": "é"}'.encode("latin-1"), NOT_READABLE, id="Latin-1"),
        pytest.param('{"username": "ann"}'.encode("utf-16"), NOT_READABLE, id="UTF-16"),
        pytest.param(b'{"x": NaN}', NOT_READABLE, id="NaN"),
        pytest.param(b'{"x": -Infinity}', NOT_READABLE, id="infinity"),
        pytest.param(b'{"x": ' + b"9" * 5000 + b"}", NOT_READABLE, id="a number of 5000 digits"),
        pytest.param(b"null", "request: must be an object", id="null"),
        pytest.param(b'"{}"', "request: must be an object", id="text"),
        pytest.param(b"", "request: is not JSON: Expecting value at line 1, column 1", id="nothing"),
        pytest.param(b"{}{}", "request: is not JSON: Extra data at line 1, column 3", id="two"),
        pytest.param(b"\x00", "request: is not JSON: Expecting value at line 1, column 1", id="a zero byte"),
    ],
)
def test_odd_json_is_told_apart(data: bytes, why: str) -> None:
    """JSON that is invalid, ambiguous or no object is answered 400, with a reason that quotes nothing of it."""
    response = Client(handler.application).post("/create_user_project", data=data, headers=JSON)
    assert (response.status_code, response.get_json()) == error(400, "bad_request", why)


@pytest.mark.parametrize("where", ["username", "password", "email", "name"])
@pytest.mark.parametrize("half", ["\ud83d", "a\udfffb"])
def test_half_a_character_is_refused_wherever_it_stands(
    cloud: Keystone, request_of: RequestOf, where: str, half: str
) -> None:
    """A lone surrogate is answered 400 in any field, because JSON can hold it but UTF-8 cannot."""
    status, body = create_user_project(request_of(**{where: half}))
    assert isinstance(body, dict)
    assert (status, body["error"], body["message"].partition(":")[0]) == (400, "bad_request", where)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /us", id="half a line"),
        pytest.param(b"POST /user HTTP/1.1\r\nHost: x\r\n", id="half of the headers"),
        pytest.param(b"POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", id="half of the body"),
        pytest.param(b"POST /user HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", id="half a chunk"),
    ],
)
def test_who_stops_sending_is_hung_up_on(hurried: Service, sent: bytes) -> None:
    """Twenty clients that stop sending are disconnected, and others are served meanwhile."""
    with ExitStack() as stack:
        wires = [stack.enter_context(connected(hurried)) for _ in range(20)]
        for wire in wires:
            wire.sendall(sent)
        assert is_running(hurried)
        assert all(hung_up(wire) for wire in wires)


def test_who_sends_a_byte_now_and_then_is_hung_up_on(hurried: Service) -> None:
    """A request that arrives a byte at a time is cut off at the time limit, although its connection is never idle."""
    with connected(hurried) as wire:
        wire.sendall(b"POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        wire.settimeout(0.1)
        begun = time.monotonic()
        while not _closed(wire) and time.monotonic() - begun < 15:
            wire.sendall(b" ")
    assert time.monotonic() - begun < 5
    assert is_running(hurried)


def _closed(wire: socket.socket) -> bool:
    try:
        return hung_up(wire)
    except TimeoutError:
        return False


def test_who_holds_all_connections_there_may_be_holds_up_nobody(running: Service) -> None:
    """If one client holds all connections, those that have been silent for longest are closed to make room."""
    with ExitStack() as stack:
        wires = [stack.enter_context(connected(running)) for _ in range(CONNECTIONS + 50)]
        assert is_running(running)
        assert hung_up(wires[0])
        wires[-1].sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert wires[-1].recv(65536).startswith(b"HTTP/1.0 200")


PAGE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"


def test_who_reads_no_answer_holds_no_thread(running: Service) -> None:
    """Clients that ask a hundred times for the largest page, and read nothing, take neither threads nor memory."""
    with ExitStack() as stack:
        for _ in range(30):
            wire = stack.enter_context(connected(running))
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.sendall(PAGE * 100)
        time.sleep(1)
        assert is_running(running)


def test_who_reads_no_answer_is_hung_up_on(hurried: Service) -> None:
    """The connection would count for ever, as waitress closes none that has something to send."""
    with connected(hurried) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.sendall(PAGE * 20)
        time.sleep(6)
        received = 0
        with suppress(ConnectionError):
            while piece := wire.recv(65536):
                received += len(piece)
    # The kernel holds a few million bytes. Twenty answers have thirty million.
    assert 0 < received < 15_000_000


def test_requests_that_are_sent_at_once_are_answered_in_turn(running: Service) -> None:
    """A client may send a request before it has read the answer to the one before."""
    body = b'{"username": "x"}'
    head = b"POST /user HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connected(running) as wire:
        wire.sendall((head + body + PAGE.replace(b"docs/swagger-ui-bundle.js", b"healthz")) * 5 + last)
        said = b""
        while piece := wire.recv(65536):
            said += piece
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"400", b"200"] * 5 + [b"200"]
    assert said.endswith(b"Running")


def test_a_request_that_was_received_is_served_however_long_it_takes(
    cloud: Keystone, hurried: Service, login: str, request_of: RequestOf
) -> None:
    """The time limits for clients apply only while a request arrives, and not while it is being served."""

    def slow(exchange: Exchange) -> None:
        time.sleep(4)
        exchange.reply(exchange.ask_keystone())

    with proxy(cloud.auth_url) as before:
        before.instead = lambda _method, path: slow if path == "/users" else None
        env = cloud.cloud_env() | {"auth_url": before.auth_url}
        assert post(hurried.url, json=request_of(cloud_env=env)) == finished(cloud, login)


@pytest.mark.parametrize(
    "length", ["-1", "1e3", "0x10", "1, 2", "12 13", "99999999999999999999", "\u0661", "", "+5", "5.0"]
)
def test_a_content_length_that_is_none_is_answered(running: Service, length: str) -> None:
    """An invalid Content-Length is answered 400 or 413 by waitress or the application, and the service runs on."""
    with connected(running) as wire:
        wire.sendall(f"POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        wire.shutdown(socket.SHUT_WR)
        said = wire.recv(65536)
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.0 400"))
    assert is_running(running)


def test_a_body_that_ends_too_early_is_no_request(running: Service) -> None:
    """If a client stops sending in the middle of a body, the connection is closed without an answer."""
    with connected(running) as wire:
        wire.sendall(b"POST /user HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{}")
        wire.shutdown(socket.SHUT_WR)
        assert hung_up(wire)
    assert is_running(running)


@pytest.mark.parametrize("length", ["3", "100", "65536"])
def test_a_body_shorter_than_it_says_is_400_on_any_host(length: str) -> None:
    """A body that ends before its Content-Length is answered 400, and never processed as if it were complete."""
    answer = answer_to(BytesIO(b"{}"), CONTENT_LENGTH=length)
    assert answer == error(400, "bad_request", "request: the body ended before it was complete, or is framed wrongly")
