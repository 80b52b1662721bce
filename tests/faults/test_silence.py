"""A Keystone that never answers, or answers slowly, costs those who asked it their time, and nobody else."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
import requests

from functions.create_user_project import create_user_project
from tests.faults.faults import DRIP, Outage
from tests.support.answers import error
from tests.support.census import finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, Proxy
from tests.support.service import Service, post, service

DEADLINE = 3
TOO_LONG = error(504, "deadline_exceeded", "Keystone took too long to log in. Repeat the request.")


@pytest.fixture
def hurried(tmp_path: Path) -> Iterator[Service]:
    """A service with a short deadline."""
    config = tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{deadline: {DEADLINE}}}")
    with service("--config", str(config)) as running:
        yield running


@pytest.mark.usefixtures("trial")
def test_a_silent_keystone_holds_up_nobody_else(
    hurried: Service, cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """While five sign-ups, as many as the UI sends in parallel, wait for it, a sixth at another Keystone is served."""
    with create_server(("127.0.0.1", 0), backlog=16) as silent, ThreadPoolExecutor(5) as threads:
        env = cloud.cloud_env() | {"auth_url": f"http://127.0.0.1:{silent.getsockname()[1]}"}

        def wait(_: int) -> tuple[tuple[int, Any], float]:
            since = time.monotonic()
            answer = post(hurried.url, json=request_of(cloud_env=env))
            return answer, time.monotonic() - since

        waiting = [threads.submit(wait, number) for number in range(5)]
        assert requests.get(str(hurried.url), timeout=10).text == "Running"
        assert post(hurried.url, json=request_of()) == finished(cloud, login)
        assert not any(one.done() for one in waiting)
        answers = [one.result() for one in waiting]
    assert [(status, body["error"]) for (status, body), _ in answers] == [(504, "deadline_exceeded")] * 5
    assert max(seconds for _, seconds in answers) < DEADLINE + 1


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_told_of_a_wave_is_the_call_that_hangs(
    before: Proxy, through: RequestOf, settings_file: Callable[[str], Path], method: str
) -> None:
    """The message names the call that hangs, and not a parallel one that Keystone has answered."""
    settings_file("user_handler: {deadline: 3}")

    def hang(exchange: Exchange) -> None:
        exchange.seen.over.wait()
        exchange.cut()

    before.instead = lambda asked, _path: hang if asked == method else None
    step = {"PUT": "grant a role", "PATCH": "change the user"}[method]
    why = f"Keystone took too long to {step}. Repeat the request."
    assert create_user_project(through()) == error(504, "deadline_exceeded", why)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_a_log_in_that_hangs_is_not_waited_for_by_the_next_request(
    cloud: Keystone,
    login: str,
    before: Proxy,
    through: RequestOf,
    settings_file: Callable[[str], Path],
    kind: str,
) -> None:
    """A second request logs in by itself while the first log-in still hangs."""
    settings_file("user_handler: {deadline: 1}")
    outage = Outage(before, kind, 0)
    outage.begin()
    assert create_user_project(through()) == TOO_LONG
    settings_file("")
    assert create_user_project(through()) == finished(cloud, login)
    assert outage.met == 1


def test_what_a_dripping_keystone_has_left_unread_is_dropped(
    before: Proxy, through: RequestOf, settings_file: Callable[[str], Path]
) -> None:
    """The body of an answer arrives too slowly. The call ends at its deadline, and nothing of it stays behind."""
    settings_file("user_handler: {deadline: 1}")

    def drip_the_body(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
        while not exchange.seen.over.wait(DRIP / 2):
            exchange.send(b" ")

    before.instead = lambda _method, _path: drip_the_body
    threads = threading.active_count()
    assert create_user_project(through()) == TOO_LONG
    until = time.monotonic() + 10
    # The proxy also has a thread for it until it ends.
    while threading.active_count() > threads + 1 and time.monotonic() < until:
        time.sleep(0.05)
    assert threading.active_count() <= threads + 1


def test_an_answer_without_end_is_no_keystones(before: Proxy, through: RequestOf) -> None:
    """It is read only up to the length of the longest answer that Keystone gives."""

    def pour(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        for _ in range(1000):
            exchange.send(b" " * 65536)
        exchange.cut()

    before.instead = lambda _method, _path: pour
    why = "What answers at cloud_env.auth_url is not a Keystone v3."
    assert create_user_project(through()) == error(502, "not_a_keystone", why)
