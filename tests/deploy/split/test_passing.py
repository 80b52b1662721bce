"""Tests of what a front adds to the two servers, and what it leaves alone: answers, the log, repeats and TLS."""

import re
import signal
import socket
import ssl
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from lib.settings.loading import PATH_VARIABLE, TEXT_VARIABLE
from tests.deploy.split.broken import breaking
from tests.deploy.split.fronts import Front, Site, checked, front
from tests.deploy.split.test_errors import TOO_LATE, UNAVAILABLE, every_front, told
from tests.support.answers import error
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.older_server import NAME, OlderServer, older_server
from tests.support.service import Service, service

# What a site takes the comment signs off for a second replica, with the address of that.
REPLICA = {
    "nginx": {"# server 10.0.0.2:42357": "server {address}"},
    "haproxy": {
        "# server user_handler_2 10.0.0.2:42357": "server user_handler_2 {address}",
        "# retry-on": "retry-on",
        "# option http-buffer-request": "option http-buffer-request",
    },
}
OVERLOADED = error(
    503, "overloaded", "The service is busy with as many requests as it may serve in parallel. Repeat the request."
)


@pytest.fixture
def one_slot(tmp_path: Path) -> Iterator[Service]:
    """Runs a UserHandler that serves one request at a time, for 3 s at most."""
    text = f"user_handler: {{log_file: {tmp_path}/log, max_concurrent_requests: 1, deadline: 3}}"
    with service(**{PATH_VARIABLE: "", TEXT_VARIABLE: text}) as running:
        yield running


@every_front
def test_a_503_of_userhandlers_is_passed_on_with_its_headers(
    name: str, older: OlderServer, one_slot: Service, request_of: RequestOf
) -> None:
    """The answer has UserHandler's own id and its Retry-After."""
    site = Site(str(one_slot.url).removeprefix("http://"), older.address)
    # HAProxy would soon leave out a server that is busy.
    change = {"nginx": {}, "haproxy": {"GET /readyz": "GET /"}}[name]
    with (
        front(name, site, change) as running,
        socket.create_server(("127.0.0.1", 0)) as silent,
        ThreadPoolExecutor(1) as other,
    ):
        silent_keystone = f"http://127.0.0.1:{silent.getsockname()[1]}/v3"
        held = request_of()["cloud_env"] | {"auth_url": silent_keystone}
        first = other.submit(requests.post, f"{running.url}/user", json=request_of(cloud_env=held), timeout=60)
        # Once the first request asks its Keystone, it has the slot.
        with silent.accept()[0]:
            answer = requests.post(f"{running.url}/user", json=request_of(), timeout=60)
            assert told(answer) == OVERLOADED
            assert answer.headers["Retry-After"] == "2"
            assert first.result().status_code == 504


@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 404, 405, 413, 500, 502, 503, 504])
def test_an_answer_of_the_older_server_is_passed_on_once(plain: Front, older: OlderServer, status: int) -> None:
    """Its errors stay its own, and no request is sent to it again."""
    path = f"/credits/{uuid.uuid4().hex}"
    answer = requests.post(f"{plain.url}{path}?status={status}", json={}, timeout=60)
    assert (answer.status_code, answer.json()["server"] if answer.content else NAME) == (status, NAME)
    assert not {"X-OpenStack-Request-ID", "Content-Encoding"} & answer.headers.keys()
    assert older.asked.count(("POST", path)) == 1


@every_front
def test_a_line_of_the_log_leads_to_the_line_of_userhandler(
    name: str, site: Site, user_handler: Service, login: str
) -> None:
    """It has caller, path, status, server, times and request id, and nothing that is secret."""
    with front(name, site) as running:
        secret = uuid.uuid4().hex
        answer = requests.post(
            f"{running.url}//user?token={secret}",
            json={"username": login, "password": secret},
            headers={"Authorization": f"Bearer {secret}"},
            timeout=60,
        )
        request_id = told(answer)[1]["request_id"]
        assert request_id in user_handler.said()
        [line] = running.lines_with(request_id)
        assert "127.0.0.1 [" in line
        assert re.search(rf"POST //user {answer.status_code} server .*\b{site.user_handler} .*\d", line)
        length = {"Content-Length": f"{1 << 20}"}
        refused = requests.post(f"{running.url}/user", headers=length, timeout=60)
        [line] = running.lines_with(told(refused)[1]["request_id"])
        assert "POST /user 413 " in line
        requests.get(f"{running.url}/statistics", timeout=60)
        [line] = running.lines_with("/statistics")
        assert site.older_server in line
        assert secret not in running.log.read_text()


@every_front
def test_a_stopped_userhandler_is_a_504(name: str, older: OlderServer, one_slot: Service) -> None:
    """A process that accepts connections and does nothing is given up, and the older server goes on."""
    site = Site(str(one_slot.url).removeprefix("http://"), older.address)
    limit = {"nginx": "proxy_read_timeout 55s", "haproxy": "timeout server 55s"}[name]
    with front(name, site, {limit: limit.replace("55", "1")}) as running:
        one_slot.process.send_signal(signal.SIGSTOP)
        try:
            assert told(requests.post(f"{running.url}/user", json={}, timeout=60)) == TOO_LATE
            assert requests.get(f"{running.url}/credits", timeout=60).json()["server"] == NAME
        finally:
            one_slot.process.send_signal(signal.SIGCONT)


def test_haproxy_leaves_a_userhandler_out_that_is_not_ready(nobody: str, older: OlderServer, tmp_path: Path) -> None:
    """Here, its Keystone cannot be reached. The process itself answers all the time."""
    text = f"user_handler: {{log_file: {tmp_path}/log, readiness_auth_url: 'http://{nobody}/v3'}}"
    with service(**{PATH_VARIABLE: "", TEXT_VARIABLE: text}) as unready:
        site = Site(str(unready.url).removeprefix("http://"), older.address)
        with front("haproxy", site) as running:
            assert running.lines_with("Server user_handler/user_handler_1 is DOWN")
            assert told(requests.post(f"{running.url}/user", json={}, timeout=60)) == UNAVAILABLE
            assert requests.get(str(unready.url), timeout=60).text == "Running"


@every_front
@pytest.mark.parametrize("trouble", ["busy", "broken", "down"])
def test_another_replica_gets_what_one_cannot_do(
    name: str, trouble: str, nobody: str, site: Site, cloud: Keystone, request_of: RequestOf
) -> None:
    """Each person is signed up, although every other request is first for one that is busy, breaks off or is down."""
    change = {old: new.format(address=site.user_handler) for old, new in REPLICA[name].items()}
    with older_server() as busy, breaking() as broken:
        bad = {"busy": busy.address, "broken": broken.address, "down": nobody}
        with front(name, Site(bad[trouble], site.older_server), change) as running:
            logins = [f"ann-{uuid.uuid4().hex[:12]}" for _ in range(4)]
            for login in logins:
                answer = requests.post(
                    f"{running.url}/user?status=503", json=request_of(username=login, email="a@b"), timeout=60
                )
                assert answer.status_code == 201
                [made] = cloud.admin.users.list(name=f"concertim_{login}")
                assert answer.json()["user_cloud_id"] == made.id
        assert trouble == "down" or broken.requests or ("POST", "/user") in busy.asked


def test_twenty_requests_in_parallel_get_their_own_answers(plain: Front) -> None:
    """Ten of them go to each server."""

    def ask(number: int) -> str:
        if number % 2:
            return requests.get(plain.url, timeout=60).text
        return str(requests.post(f"{plain.url}/credits?after=0.2", data=f"{number}", timeout=60).json()["body"])

    with ThreadPoolExecutor(20) as threads:
        told = [*threads.map(ask, range(20))]
    assert told == ["Running" if number % 2 else f"{number}" for number in range(20)]


VERSIONS = [one for one in ssl.TLSVersion if "v1" in one.name]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_older_than_1_2_is_refused(tls: Front, version: ssl.TLSVersion) -> None:
    """It is the front that says so, and not this machine's client."""
    host, _, port = tls.url.rpartition("/")[2].partition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection((host, int(port)), timeout=60) as plain:
        if version >= ssl.TLSVersion.TLSv1_2:
            with context.wrap_socket(plain) as speaking:
                assert speaking.version() == version.name.replace("_", ".")
        else:
            with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                context.wrap_socket(plain)


@every_front
def test_the_file_is_what_the_program_expects(name: str) -> None:
    """The program accepts it without a word of warning, and refuses it once a word in it is wrong."""
    accepted, said = checked(name, {})
    assert accepted, said
    assert "warn" not in said.lower()
    refused, said = checked(name, {"55s": "55 parrots"})
    assert not refused, said
