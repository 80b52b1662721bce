"""On every host, the service answers what a direct call answers."""

import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import requests

from functions.create_user_project import create_user_project
from tests.hosts import apache
from tests.hosts.asked import JWT_SECRET, REQUEST_ID, REQUESTS, Answered, Asked, as_json
from tests.hosts.conftest import AT_ONCE, COLD_START, IN_FLIGHT
from tests.hosts.rows import FUNC, FUNCTIONS_FRAMEWORK, HOSTS, SERVERS, Host
from tests.hosts.running import LOOPBACK, Running, running
from tests.support.answers import signed_up
from tests.support.fixtures import RequestOf
from tests.support.keystone import ADMIN_PASSWORD, Keystone
from tests.support.proxy import Exchange, Proxy

Record = Callable[[str, object], None]

HAD = [host for host in HOSTS if not apache.why_not(host)]
CELLS = [(host, column) for host in HAD for column in REQUESTS if column not in host.cannot]
# The hosts that clients reach over connections of their own.
LISTENING = [host for host in HAD if host in (*SERVERS, FUNCTIONS_FRAMEWORK, FUNC)]
# Seconds that each of several requests waits for the others.
TOGETHER_SECONDS = 30
# Seconds that a call to Keystone is held, while the host is told to stop.
HELD_SECONDS = 1.0


def names(one: Host | str) -> str:
    """Returns the name of a case of a test."""
    return one if isinstance(one, str) else one.name


@pytest.mark.parametrize(("host", "column"), CELLS, ids=names)
def test_a_host_answers_as_a_direct_call(
    served_by: Callable[[Host], Running], host: Host, column: str, cloud: Keystone, login: str, record_property: Record
) -> None:
    """Status, headers and body are the same. The host is asked first, so it is the host that does the work."""
    asked, service = REQUESTS[column](cloud, login), served_by(host)
    record_property("cell", (host.name, column, "411" if asked.chunked and host.drops_chunked else "="))
    if column == "repeat":
        service.ask(asked)
    answered = service.ask(asked)
    if column == "DELETE":
        assert cloud.admin.users.list(name=f"concertim_{login}") == []
    assert without_id(answered) == without_id(asked.directly(host.drops_chunked))


def without_id(answered: Answered) -> Answered:
    """Returns an answer without its request id, which differs each time and is in the body of an error, too."""
    status, headers, body = answered
    request_id = headers.pop(REQUEST_ID, "none: the host answered by itself")
    assert request_id.startswith("req-"), (request_id, answered)
    if status >= 400:
        assert body.pop("request_id") == request_id
    return status, headers, body


@pytest.mark.parametrize("host", [host for host in HAD if AT_ONCE not in host.cannot], ids=names)
def test_a_host_serves_five_at_once(
    served_by: Callable[[Host], Running],
    host: Host,
    before: Proxy,
    through: RequestOf,
    login: str,
    record_property: Record,
) -> None:
    """Five requests, as many as the UI sends in parallel, each wait at their project until all of them do."""
    record_property("cell", (host.name, AT_ONCE, "="))
    service, together = served_by(host), threading.Barrier(5)

    def hold(exchange: Exchange) -> None:
        together.wait(TOGETHER_SECONDS)
        exchange.reply(exchange.ask_keystone())

    before.instead = lambda method, path: hold if (method, path) == ("POST", "/projects") else None
    with ThreadPoolExecutor(5) as pool:
        sign_ups = [Asked.sign_up(through(username=f"{login}-{number}")) for number in range(5)]
        assert [status for status, *_ in pool.map(service.ask, sign_ups)] == [201] * 5


@pytest.mark.parametrize("host", LISTENING, ids=names)
def test_a_host_closes_the_connection_of_a_large_body_that_is_refused(
    served_by: Callable[[Host], Running], host: Host
) -> None:
    """The host closes a connection whose large body nobody has read, because the caller has no token."""
    service, asked = served_by(host), Asked("POST", "/user", b" " * 2_000_000, headers={})
    answers: list[Answered] = []
    until = time.monotonic() + TOGETHER_SECONDS
    while len(answers) < 5 and time.monotonic() < until:
        # A host may close the connection while the body is being sent. Then its answer is sometimes lost.
        with suppress(requests.ConnectionError):
            answers.append(service.ask(asked))
    if host.kind == "waitress":
        # This host has a limit of its own, far above the one of the service.
        assert [status for status, *_ in answers] == [413] * 5
    else:
        refused = without_id(asked.directly(host.drops_chunked))
        assert refused[0] == 401
        assert [without_id(one) for one in answers] == [refused] * 5
    assert service.connections_left() == 0


@pytest.mark.parametrize("host", LISTENING, ids=names)
def test_a_host_quotes_no_body_whose_chunks_are_framed_wrongly(
    served_by: Callable[[Host], Running], host: Host
) -> None:
    """No answer and no log quotes such a body, although some hosts put what they cannot read into an exception."""
    service, body = served_by(host), as_json({"username": "ann", "password": "hunter2-hunter2"})
    head = {"Host": "x", "Transfer-Encoding": "chunked", **Asked("POST", "/").headers}
    lines = ["POST /create_user_project HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    answer = b""
    with socket.create_connection((LOOPBACK, service.port), timeout=10) as wire:
        wire.sendall("\r\n".join(lines).encode() + body + b"\r\n\r\n")
        wire.shutdown(socket.SHUT_WR)
        # After its answer, a host may cut the connection off for what it has not read.
        with suppress(ConnectionError):
            while piece := wire.recv(65536):
                answer += piece
    assert answer.split()[1] == (b"411" if host.drops_chunked else b"400")
    assert b"hunter2" not in answer
    ours = re.search(f"{REQUEST_ID}: (\\S+)", answer.decode("latin-1"), re.IGNORECASE)
    if ours:
        service.said_in_time(f"[{ours[1]}] ")
    else:
        # Nothing tells when a host has written all of its log.
        time.sleep(0.2)
    assert "hunter2" not in service.said()


@pytest.mark.parametrize("host", HAD, ids=names)
def test_the_log_of_a_host_goes_to_standard_output(
    served_by: Callable[[Host], Running], host: Host, cloud: Keystone, login: str
) -> None:
    """The log has the request id of the answer and of Keystone, and no secret, where no file can be written."""
    service, asked = served_by(host), REQUESTS["sign-up"](cloud, login)
    status, headers, body = service.ask(asked)
    request_id = headers[REQUEST_ID]
    assert status == 201
    assert cloud.admin.users.get(body["user_id"]).concertim_request == request_id
    said = service.said_in_time(f"[{request_id}] create_user_project 201")
    assert "cannot write the log file /dev/null/user-handler.log: Not a directory" in said
    for secret in ("correct-horse", ADMIN_PASSWORD, JWT_SECRET, asked.headers["Authorization"]):
        assert secret not in said


@pytest.mark.parametrize("host", HAD, ids=names)
def test_a_sign_up_in_flight_at_sigterm_is_answered_or_can_be_repeated(
    host: Host,
    cloud: Keystone,
    before: Proxy,
    through: RequestOf,
    login: str,
    record_property: Record,
) -> None:
    """Whatever the host does, there is one user and one project in the end, and nothing of the host stays behind."""
    reached = threading.Event()

    def hold(exchange: Exchange) -> None:
        reached.set()
        time.sleep(HELD_SECONDS)
        exchange.reply(exchange.ask_keystone())

    before.instead = lambda method, path: hold if (method, path) == ("POST", "/projects") else None
    outcome: list[Any] = []
    with running(host) as service:
        sign_up = threading.Thread(target=lambda: outcome.append(end_of(service, Asked.sign_up(through()))))
        sign_up.start()
        assert reached.wait(30)
        service.stop()
        sign_up.join(30)
        left = service.left_behind()
    record_property("cell", (host.name, COLD_START, f"{service.cold_start:.2f} s"))
    record_property("cell", (host.name, IN_FLIGHT, f"answered {outcome[0]}" if outcome[0] else "cut off"))
    assert outcome == ([201] if host.finishes else [None])
    assert left == []
    before.instead = lambda _method, _path: None
    answer = create_user_project(through())
    [user] = cloud.admin.users.list(name=f"concertim_{login}")
    [project] = cloud.admin.projects.list(name=f"concertim_{login}_project")
    assert answer == signed_up(login, user.id, project.id)


def end_of(service: Running, asked: Asked) -> int | None:
    """Returns the status of the service's own answer, if there was one."""
    try:
        status, headers, _ = service.ask(asked)
    except requests.RequestException:
        return None
    return status if REQUEST_ID in headers else None
