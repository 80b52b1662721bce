"""The service over a real socket: `python handler.py`, as operators start it and the UI calls it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
import requests

from functions.create_user_project import create_user_project
from tests.answers import error
from tests.keystone import Keystone
from tests.proxy import proxy
from tests.service import ROOT, service

RequestOf = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A running service with the default settings."""
    with service() as running:
        yield running


def post(url: str, **body: Any) -> tuple[int, Any]:
    """The status and body of a sign-up."""
    answer = requests.post(f"{url}/create_user_project", timeout=60, **body)
    return answer.status_code, answer.json()


def test_a_sign_up_over_http_is_answered_as_the_function_answers(
    cloud: Keystone, url: str, request_of: RequestOf
) -> None:
    """The same status and body, whoever calls."""
    request = request_of()
    status, body = post(url, json=request)
    assert status == 201
    assert (status, body) == create_user_project(request)
    assert cloud.admin.users.get(body["user_id"]).enabled


def test_five_at_once_are_all_signed_up(url: str, request_of: RequestOf, login: str) -> None:
    """As the UI sends them."""
    with ThreadPoolExecutor(5) as threads:
        bodies = [request_of(username=f"{login}-{number}") for number in range(10)]
        answers = list(threads.map(lambda body: post(url, json=body), bodies))
    assert [status for status, _ in answers] == [201] * 10
    assert len({body["user_id"] for _, body in answers}) == 10


def test_running_is_answered_while_no_keystone_is(url: str) -> None:
    """GET / asks nobody."""
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.text) == (200, "Running")


def test_a_chunked_body_is_read(url: str) -> None:
    """Waitress passes it on."""
    answer = post(url, data=iter([b'{"username": "ann", "pass', b'word": "p", "cloud_env": 1}']))
    assert answer == error(400, "bad_request", "cloud_env: must be an object")


def test_a_body_over_the_limit_is_413_in_our_json(url: str) -> None:
    """Waitress' own limit lies above ours."""
    answer = post(url, data=b" " * 70_000, headers={"Content-Type": "application/json"})
    assert answer == error(413, "content_too_large", "The body has more than 65536 bytes.")


def test_a_busy_keystone_is_answered_with_a_time_to_wait(cloud: Keystone, url: str, request_of: RequestOf) -> None:
    """503 and Retry-After."""
    with proxy(cloud.auth_url) as busy:
        busy.instead = lambda _method, _path: (503, {}, b"")
        request = request_of(cloud_env=cloud.cloud_env() | {"auth_url": busy.auth_url})
        answer = requests.post(f"{url}/create_user_project", json=request, timeout=60)
    expected = error(503, "keystone_busy", "Keystone is too busy to log in. Repeat the request.")
    assert (answer.status_code, answer.json()) == expected
    assert answer.headers["Retry-After"] == "2"


def start(*options: str) -> "subprocess.CompletedProcess[str]":
    """Runs handler.py to its end."""
    return subprocess.run(
        [sys.executable, "handler.py", *options], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_config_with_mistakes_stops_the_start(tmp_path: Path) -> None:
    """One line each, and nothing else."""
    config = tmp_path / "config.yaml"
    config.write_text("log_level: loud\nuser_handler:\n  deadline: -1\n  threads: many\n")
    done = start("--config", str(config))
    assert done.returncode == 1
    assert [line.split(": ")[1:3] for line in done.stderr.splitlines()] == [
        ["line 1", "log_level"],
        ["line 3", "user_handler.deadline"],
        ["line 4", "user_handler.threads"],
    ]


def test_a_named_config_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    """Rather than running on defaults that nobody asked for."""
    done = start("--config", str(tmp_path / "none.yaml"))
    assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'none.yaml'}: No such file or directory\n")


def test_a_port_in_use_stops_the_start() -> None:
    """With one line that names it."""
    with create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = start("--listen", address)
    assert done.returncode == 1
    assert done.stderr == f"Cannot listen on {address}: [Errno 98] Address already in use\n"
