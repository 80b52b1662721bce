"""Tests of the service over a real socket, started as operators start it and called as the UI calls it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import create_server
from tempfile import gettempdir
from typing import Any

import pytest
import requests

from functions.create_user_project import create_user_project
from lib.command_line.exit_codes import CANNOT_LISTEN, MISTAKE_IN_SETTINGS
from lib.settings.loading import DEFAULT_PATH, PATH_VARIABLE
from tests.support.answers import error
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import proxy
from tests.support.service import ROOT, complaints, post, service


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Returns the URL of a running service with the default settings."""
    with service() as running:
        assert running.url
        yield running.url


def test_a_sign_up_over_http_is_answered_as_the_function_answers(
    cloud: Keystone, url: str, request_of: RequestOf
) -> None:
    """The status and body over HTTP are those that a direct call of the function returns."""
    request = request_of()
    status, body = post(url, json=request)
    assert status == 201
    assert (status, body) == create_user_project(request)
    assert cloud.admin.users.get(body["user_id"]).enabled


def test_five_concurrent_sign_ups_all_succeed(url: str, request_of: RequestOf, login: str) -> None:
    """The UI sends up to five sign-ups concurrently."""
    with ThreadPoolExecutor(5) as threads:
        bodies = [request_of(username=f"{login}-{number}") for number in range(10)]
        answers = list(threads.map(lambda body: post(url, json=body), bodies))
    assert [status for status, _ in answers] == [201] * 10
    assert len({body["user_id"] for _, body in answers}) == 10


def test_running_is_answered_while_no_keystone_is(url: str) -> None:
    """GET / is answered without asking any Keystone."""
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.text) == (200, "Running")


def test_a_chunked_body_is_read(url: str) -> None:
    """A chunked body is read whole, since waitress passes it on."""
    answer = post(url, data=iter([b'{"username": "ann", "pass', b'word": "p", "cloud_env": 1}']))
    assert answer == error(400, "bad_request", "cloud_env: must be an object")


def test_a_body_over_the_limit_is_413_in_our_json(url: str) -> None:
    """Waitress' own limit is higher than that of the setting, so that the answer is in UserHandler's JSON."""
    for size in (70_000, 900_000):
        answer = post(url, data=b" " * size, headers={"Content-Type": "application/json"})
        assert answer == error(413, "content_too_large", "The body has more than 65536 bytes.")


def test_a_busy_keystone_is_answered_with_a_time_to_wait(cloud: Keystone, url: str, request_of: RequestOf) -> None:
    """The answer for a busy Keystone is 503 with the header Retry-After."""
    with proxy(cloud.auth_url) as busy:
        busy.instead = lambda _method, _path: (503, {}, b"")
        request = request_of(cloud_env=cloud.cloud_env() | {"auth_url": busy.auth_url})
        answer = requests.post(f"{url}/create_user_project", json=request, timeout=60)
    expected = error(503, "keystone_busy", "Keystone is too busy to log in. Repeat the request.")
    assert (answer.status_code, answer.json()) == expected
    assert answer.headers["Retry-After"] == "2"


def start(*options: str) -> "subprocess.CompletedProcess[str]":
    """Runs handler.py with these options until it ends."""
    return subprocess.run(
        [sys.executable, "handler.py", *options], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_config_with_mistakes_stops_the_start(tmp_path: Path) -> None:
    """The log has one line for each mistake, in its own form. The exit code says what kind of mistake it is."""
    config = tmp_path / "config.yaml"
    config.write_text("log_level: loud\nuser_handler:\n  deadline: -1\n  threads: many\n")
    done = start("--config", str(config))
    assert done.returncode == MISTAKE_IN_SETTINGS == 78
    assert [line.split(": ")[1:3] for line in complaints(done.stdout).splitlines()] == [
        ["line 1", "log_level"],
        ["line 3", "user_handler.deadline"],
        ["line 4", "user_handler.threads"],
    ]


def test_a_named_config_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    """The service does not start with defaults when the file that was named is missing."""
    done = start("--config", str(tmp_path / "none.yaml"))
    assert (done.returncode, complaints(done.stdout)) == (78, f"{tmp_path / 'none.yaml'}: No such file or directory\n")


def test_a_port_in_use_stops_the_start() -> None:
    """A port in use is told in one line that names the address, and by an exit code of its own: it may become free."""
    with create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = start("--listen", address)
    assert done.returncode == CANNOT_LISTEN == 69
    assert complaints(done.stdout) == f"cannot listen on {address}: [Errno 98] Address already in use\n"


def test_an_option_without_a_value_stops_the_start() -> None:
    """A shell passes an empty value when a variable in the command is not set."""
    done = start("--config", "")
    assert done.returncode == 2
    assert done.stderr.endswith("error: argument --config: names no file\n")


def test_a_signal_while_it_starts_ends_it_with_0() -> None:
    """A `docker stop` right after `docker run` sends a signal while the service is starting."""
    process = subprocess.Popen([sys.executable, "-X", "importtime", "handler.py"], cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr
    for line in process.stderr:
        if b"pydantic" in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:99999", "127.0.0.1:http", ":80", ""])
def test_an_address_that_is_none_stops_the_start(listen: str) -> None:
    """The service does not listen at another address than the one it was given."""
    done = start("--listen", listen)
    assert done.returncode == 2
    assert done.stderr.endswith(f"error: argument --listen: {listen!r} is not HOST:PORT\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("closed", ["the file", "its folder"])
def test_a_config_for_root_alone_is_told_with_what_helps(tmp_path: Path, closed: str) -> None:
    """The service runs as another user than root in the container, and the config holds passwords of other services."""
    config = tmp_path / "etc" / "config.yaml"
    config.parent.mkdir()
    config.write_text("")
    config.chmod(0o600)
    for folder in (one for one in config.parents if Path(gettempdir()) in one.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    helps = f"chgrp 12345 {config} && chmod g+r {config}"
    if closed == "its folder":
        config.parent.chmod(0o700)
        helps = f"chgrp 12345 {config.parent} && chmod g+x {config.parent}"
    # Python itself may be installed where only root can read it, so all is imported before the user changes.
    start_as_another = (
        "import os, sys, handler; from lib.command_line import commands;"
        " os.setgroups([]); os.setgid(12345); os.setuid(12345);"
        f"sys.argv[1:] = ['--config', {str(config)!r}];"
        " commands.main(handler.application, handler.FUNCTIONS, handler.openapi)"
    )
    command = [sys.executable, "-c", start_as_another]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, complaints(done.stdout)) == (
        MISTAKE_IN_SETTINGS,
        f"{config}: Permission denied for uid 12345, gid 12345; as root: {helps}\n",
    )


@pytest.fixture
def stopped(cloud: Keystone, request_of: RequestOf, tmp_path: Path) -> Callable[..., tuple[Any, int, float]]:
    """Returns a function that sends the signal during a sign-up at a slowed Keystone.

    The function returns the answer, the exit code, and the seconds from the first signal to the exit.
    """

    def stop(sign: signal.Signals, slow_by: float, stop_grace: float) -> tuple[Any, int, float]:
        config = tmp_path / "config.yaml"
        config.write_text(f"user_handler: {{stop_grace: {stop_grace}, log_file: {tmp_path / 'user-handler.log'}}}")

        def slow(method: str, path: str) -> None:
            if (method, path) == ("POST", "/users"):
                begun.set()
                time.sleep(slow_by)

        begun = threading.Event()
        with proxy(cloud.auth_url) as before, service("--config", str(config)) as running, ThreadPoolExecutor(1) as one:
            before.instead = slow
            request = request_of(cloud_env=cloud.cloud_env() | {"auth_url": before.auth_url})
            answer = one.submit(post, running.url, json=request)
            assert begun.wait(30)
            running.process.send_signal(sign)
            since = time.monotonic()
            # An impatient operator may send the signal twice, which must do no harm.
            time.sleep(0.5)
            running.process.send_signal(sign)
            code = running.process.wait(30)
            return answer.result(), code, time.monotonic() - since

    return stop


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_sign_up_in_flight_is_answered_before_the_service_stops(
    stopped: Callable[..., tuple[Any, int, float]], login: str, sign: signal.Signals
) -> None:
    """A service that is stopped exits with 0, and takes no longer than the sign-up in flight does."""
    (status, body), code, seconds = stopped(sign, slow_by=1.5, stop_grace=8)
    assert (status, body["username"], code) == (201, login, 0)
    assert seconds < 8


def test_a_sign_up_that_cannot_end_in_time_is_told_to_repeat_and_a_repeat_finishes_it(
    stopped: Callable[..., tuple[Any, int, float]], cloud: Keystone, request_of: RequestOf
) -> None:
    """A sign-up that cannot end within stop_grace is answered 503 by then, and the service exits with 0."""
    answer, code, seconds = stopped(signal.SIGTERM, slow_by=4, stop_grace=2)
    assert answer == error(503, "stopping", "The service is being stopped. Repeat the request.")
    assert code == 0
    assert seconds < 3
    assert create_user_project(request_of())[0] == 201


def test_a_service_that_stops_takes_no_more_requests(cloud: Keystone, request_of: RequestOf) -> None:
    """A stopping service refuses new connections and requests, and still finishes a sign-up in flight."""

    def slow(method: str, path: str) -> None:
        if (method, path) == ("POST", "/users"):
            begun.set()
            time.sleep(3)

    begun = threading.Event()
    with (
        proxy(cloud.auth_url) as before,
        service() as running,
        ThreadPoolExecutor(1) as one,
        requests.Session() as kept,
    ):
        before.instead = slow
        assert kept.get(str(running.url), timeout=10).text == "Running"
        request = request_of(cloud_env=cloud.cloud_env() | {"auth_url": before.auth_url})
        in_flight = one.submit(post, running.url, json=request)
        assert begun.wait(30)
        running.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        refused = kept.get(str(running.url), timeout=10)
        with pytest.raises(requests.ConnectionError):
            requests.get(str(running.url), timeout=10)
        assert in_flight.result()[0] == 201
    expected = error(503, "stopping", "The service is being stopped. Repeat the request.")
    assert (refused.status_code, refused.json()) == expected


def test_the_log_file_has_what_standard_output_has(
    tmp_path: Path, cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """A sign-up has a line when it begins to change something and one when it ends.

    Both lines are in the file and on standard output, with the request id of the answer.
    """
    log_file = tmp_path / "user-handler.log"
    config = tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {log_file}}}")
    with service("--config", str(config)) as running:
        answer = requests.post(f"{running.url}/create_user_project", json=request_of(), timeout=60)
        assert running.stop() == 0
        said = running.said()
    assert said == log_file.read_text()
    request_id = answer.headers["X-OpenStack-Request-ID"]
    lines = [line for line in said.splitlines() if request_id in line]
    made = answer.json()
    begins, ends = lines
    assert re.fullmatch(
        rf".* - \[INFO\] \(log\) - \[{request_id}\] create_user_project sends its first change; "
        rf"login: {login}; account: admin; caller: 127.0.0.1; token: not needed; step: create the user",
        begins,
    )
    assert re.fullmatch(
        rf".* - \[INFO\] \(endpoint\) - \[{request_id}\] create_user_project 201 \d+ ms; login: {login}; "
        r"account: admin; "
        rf"user_id: {made['user_id']}; project_id: {made['project_id']}; done: user created, project created, "
        r"(roles granted, default project set|default project set, roles granted); caller: 127.0.0.1; "
        r"token: not needed",
        ends,
    )


def test_an_unwritable_log_file_is_told_once(tmp_path: Path) -> None:
    """If its log file cannot be written, the service goes on and logs to standard output."""
    config = tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {tmp_path / 'missing' / 'user-handler.log'}}}")
    with service("--config", str(config)) as running:
        assert requests.get(str(running.url), timeout=10).text == "Running"
        assert running.stop() == 0
        said = running.said()
    assert said.count("cannot write the log file") == 1
    assert f"{tmp_path / 'missing' / 'user-handler.log'}: No such file or directory" in said
    assert "running 200" in said


def test_a_start_warns_of_team_roles_that_are_admin(tmp_path: Path) -> None:
    """The role admin for a team must be configured explicitly, and even then nobody should overlook what it allows."""
    config = tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {tmp_path}/log, team_roles: {{admin: admin}}}}")
    with service("--config", str(config)) as running:
        assert "[WARNING]" in running.said()
        assert "team_roles makes every admin of a team a cloud administrator" in running.said()


@pytest.mark.skipif(DEFAULT_PATH.exists(), reason="this machine has a config file")
def test_a_start_without_any_config_warns_of_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The config file is missing, for example, when it was not mounted into the container."""
    monkeypatch.delenv(PATH_VARIABLE)
    with service() as running:
        assert f"there is no settings file at {DEFAULT_PATH}: the defaults hold" in running.said()
