"""What Prometheus reads: every request and every call to Keystone is counted, and no label gives anything away."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client

from handler import ROUTES, application
from lib import VERSION
from lib.call import metrics
from lib.serving import admission, readiness
from lib.settings.loading import PATH_VARIABLE, TEXT_VARIABLE
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone
from tests.support.ports import free_ports
from tests.support.proxy import Exchange, Proxy
from tests.support.service import ROOT

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def counts() -> Iterator[CollectorRegistry]:
    """Counts what this process does during the test."""
    counting = metrics.Metrics(deadline=50, slots=16)
    metrics.count(counting)
    yield counting.registry
    metrics.count(None)


def samples(text: str) -> Samples:
    """Returns each sample by its name and its labels."""
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def requests_in(registry: CollectorRegistry) -> dict[tuple[str, str, str], float]:
    """Returns how many answers were counted, by function, status and code."""
    found = samples(generate_latest(registry).decode())
    return {
        (dict(labels)["function"], dict(labels)["status"], dict(labels)["code"]): value
        for (name, labels), value in found.items()
        if name == "user_handler_requests_total"
    }


def test_every_answer_is_counted_once(counts: CollectorRegistry, request_of: RequestOf) -> None:
    """A path that is not served has no label, so that callers cannot make up series."""
    client = Client(application)
    statuses = [client.open(path, method=method, json={}).status_code for method, path in ROUTES]
    assert statuses.count(400) == len(ROUTES) - 1
    client.get("/made-up")
    client.get("/made-up-too")
    client.put("/user")
    assert client.post("/create_user_project", json=request_of()).status_code == 201
    expected: dict[tuple[str, str, str], float] = {("running", "200", ""): 1, ("create_user_project", "201", ""): 1}
    for (_, path), function in ROUTES.items():
        if path != "/":
            key = (function.__name__, "400", "bad_request")
            expected[key] = expected.get(key, 0) + 1
    expected |= {("", "404", "no_such_path"): 2, ("", "405", "method_not_allowed"): 1}
    assert requests_in(counts) == expected


def test_every_call_to_keystone_is_counted_by_what_it_asks_for(
    counts: CollectorRegistry, through: RequestOf, before: Proxy
) -> None:
    """The ids in a path do not count, so the series stay few. A retry is counted by its step."""
    failures = iter([Exchange.cut])
    before.instead = lambda _method, path: next(failures, None) if path == "/projects" else None
    answer = Client(application).post("/create_user_project", json=through())
    assert answer.status_code == 201
    found = samples(generate_latest(counts).decode())
    calls = {labels: value for (name, labels), value in found.items() if name == "user_handler_keystone_calls_total"}
    assert sum(calls.values()) == len(before.calls)
    assert calls[("method", "POST"), ("resource", "auth"), ("status", "201")] == 1
    assert calls[("method", "POST"), ("resource", "projects"), ("status", "no answer")] == 1
    assert calls[("method", "PUT"), ("resource", "projects/users/roles"), ("status", "204")] == 4
    assert found["user_handler_keystone_retries_total", (("step", "create the project"),)] == 1


def test_no_label_has_a_name_an_id_or_a_secret(
    counts: CollectorRegistry, cloud: Keystone, request_of: RequestOf, login: str, settings_file: SettingsFile
) -> None:
    """Whoever reads the metrics need not be allowed to read the log."""
    client = Client(application)
    made: Any = client.post("/create_user_project", json=request_of()).get_json()
    client.delete(
        "/delete_user", json={"cloud_env": cloud.cloud_env(), "user_info": {"cloud_user_id": made["user_id"]}}
    )
    client.get(f"/{login}")
    settings_file(f"user_handler: {{readiness_auth_url: {cloud.auth_url.removesuffix('/v3')}/a-prefix}}")
    readiness.keystone.clear()
    assert client.get("/readyz").status_code == 502
    readiness.keystone.clear()
    text = generate_latest(counts).decode()
    assert 'resource="version"' in text
    assert "a-prefix" not in text
    for given in (
        login,
        made["user_id"],
        made["project_id"],
        "correct-horse",
        "127.0.0.1",
        cloud.cloud_env()["password"],
    ):
        assert given not in text


def test_slots_and_the_version_are_shown(counts: CollectorRegistry, settings_file: SettingsFile) -> None:
    """Prometheus tells how full a process is, and which release runs."""
    with admission.slot():
        shown = samples(generate_latest(counts).decode())
        assert shown["user_handler_slots_in_use", ()] == 1
    shown = samples(generate_latest(counts).decode())
    version = (
        ("python", f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"),
        ("version", VERSION),
    )
    assert (shown["user_handler_slots_in_use", ()], shown["user_handler_slots", ()]) == (0, 16)
    assert shown["user_handler_build_info", version] == 1


WORKER = """
import sys, time
from werkzeug.test import Client
import handler
for _ in range(int(sys.argv[1])):
    Client(handler.application).get("/")
from lib.serving import admission
from lib.settings.loading import PATH_VARIABLE, TEXT_VARIABLE
with admission.slot():
    print("served", flush=True)
    sys.stdin.read()
"""


def test_several_worker_processes_are_counted_together(tmp_path: Path) -> None:
    """Prometheus learns of all from whichever it reads. The slots of one that was killed are not in use any more."""
    port, folder = free_ports("metrics")["metrics"], tmp_path / "counts"
    folder.mkdir()
    text = f"user_handler:\n  log_file: {tmp_path / 'log'}\n  metrics_listen: 127.0.0.1:{port}\n"
    environment = {PATH_VARIABLE: "", TEXT_VARIABLE: text, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    workers = [_worker(count, environment) for count in (3, 4)]
    try:
        assert _read(port, lambda counts: counts == (7, 2, 32))
        # The listener is the first one's. The second takes its place.
        workers[0].kill()
        workers[0].wait()
        assert _read(port, lambda counts: counts == (7, 1, 16))
        assert "cannot be read" not in (tmp_path / "log").read_text()
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _worker(count: int, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", WORKER, str(count)]
    worker = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdout
    # Before it, the worker has written its log.
    while worker.stdout.readline() != b"served\n":
        assert worker.poll() is None
    return worker


def _read(port: int, expected: Callable[[tuple[float, ...]], bool]) -> bool:
    """Whether Prometheus would soon read what is expected of the requests, of the slots in use, and of the slots."""
    until = time.monotonic() + 30
    running = (("code", ""), ("function", "running"), ("status", "200"))
    while time.monotonic() < until:
        try:
            shown = samples(requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text)
        except requests.ConnectionError:
            # Nobody listens until a worker takes the place of the one that was killed.
            shown = {}
        names = (
            ("user_handler_requests_total", running),
            ("user_handler_slots_in_use", ()),
            ("user_handler_slots", ()),
        )
        if shown and expected(tuple(shown[name] for name in names)):
            return True
        time.sleep(0.1)
    return False
