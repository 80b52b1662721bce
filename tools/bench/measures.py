"""What is measured: each figure beside the one it is a ratio to, in turn, as this machine is never the same twice."""

import json
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.support.keystone import ADMIN_PASSWORD, Keystone, keystone
from tests.support.service import ROOT, Service, service
from tools.bench.beside import beside
from tools.bench.ways import CloudEnv, Floor, Ours, Plain, SameCalls, SignUp

# As many as the Concertim UI sends at once.
AT_ONCE = 5
# One credential for each customer of a large site; more than are kept.
CREDENTIALS = 40
Measured = dict[str, Any]


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    delays: Sequence[int] = (0, 10, 25)
    """Milliseconds added to each call to Keystone."""
    rounds: int = 25
    """Of the ways, one after another, for one median."""
    bulk: int = 100
    quarters: int = 4
    """Parts of the bulk, in which the ways take turns."""
    own: int = 400
    starts: int = 9
    requests: Sequence[int] = (100, 1000, 10_000)
    """After how many the memory is read."""


QUICK = Extent(delays=(25,), rounds=2, bulk=5, quarters=1, own=20, starts=1, requests=(50, 100))


@contextmanager
def real_keystone() -> Iterator[Keystone]:
    """A Keystone that hashes passwords as by default; it has hashed the administrator's, too."""
    with keystone({"identity": {"password_hash_rounds": "12"}}) as cloud:
        own = cloud.admin.session.auth.get_access(cloud.admin.session)
        cloud.admin.users.update(own.user_id, password=ADMIN_PASSWORD)
        # It refuses tokens of the second in which it revoked others.
        time.sleep(1.1)
        yield cloud


@contextmanager
def delayed(cloud: Keystone, milliseconds: int) -> Iterator[CloudEnv]:
    """The cloud environment of this Keystone with so much added to each call."""
    if not milliseconds:
        yield cloud.cloud_env()
        return
    with beside("tools.bench.relay", urlsplit(cloud.auth_url).netloc, str(milliseconds)) as address:
        yield cloud.cloud_env() | {"auth_url": f"http://{address}/v3"}


@contextmanager
def every_way(running: Service, cloud_env: CloudEnv) -> Iterator[dict[str, SignUp]]:
    """Each has signed somebody up already."""
    with closing(Floor(cloud_env)) as floor, closing(SameCalls(cloud_env)) as same_calls:
        ways: dict[str, SignUp] = {
            "floor": floor.sign_up,
            "same_calls": same_calls.sign_up,
            "ours": Ours(str(running.url), cloud_env).sign_up,
            "plain": Plain(cloud_env).sign_up,
        }
        for sign_up in ways.values():
            sign_up(_login())
        yield ways


def latency(extent: Extent, cloud: Keystone, running: Service) -> Measured:
    """Seconds of one sign-up at a time, by added delay and way."""
    measured: Measured = {}
    for delay in extent.delays:
        with delayed(cloud, delay) as cloud_env, every_way(running, cloud_env) as ways:
            taken: dict[str, list[float]] = {way: [] for way in ways}
            for round_ in range(extent.rounds):
                for way in _turned(list(ways), round_):
                    taken[way].append(_seconds(partial(ways[way], _login())))
        measured[str(delay)] = taken
    return measured


def bulk(extent: Extent, cloud: Keystone, running: Service) -> Measured:
    """Seconds for all sign-ups of a new site, five at a time, and for each of them; by added delay and way."""
    measured: Measured = {}
    for delay in extent.delays:
        with (
            delayed(cloud, delay) as cloud_env,
            every_way(running, cloud_env) as ways,
            ThreadPoolExecutor(AT_ONCE) as threads,
        ):
            taken: dict[str, dict[str, Any]] = {way: {"all": 0.0, "each": []} for way in ways}
            for quarter in range(extent.quarters):
                for way in _turned(list(ways), quarter):
                    sign_ups = [partial(ways[way], _login()) for _ in range(extent.bulk // extent.quarters)]
                    begun = time.monotonic()
                    taken[way]["each"] += threads.map(_seconds, sign_ups)
                    taken[way]["all"] += time.monotonic() - begun
        measured[str(delay)] = taken
    return measured


def own_work(extent: Extent, running: Service) -> Measured:
    """At a Keystone that answers at once: seconds of processor time for a sign-up, sign-ups and `GET /` in a second."""
    measured: Measured = {}
    with (
        beside("tools.bench.instant") as address,
        every_way(running, instant_cloud_env(address)) as ways,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        url, here, there = str(running.url), psutil.Process(), psutil.Process(running.process.pid)
        for way, sign_up in ways.items():
            logins = [_login() for _ in range(extent.own)]
            before = _cpu_seconds(there if way == "ours" else here)
            for login in logins:
                sign_up(login)
            processor = (_cpu_seconds(there if way == "ours" else here) - before) / extent.own
            taken = _seconds(partial(_all, threads, sign_up, logins))
            measured[way] = {"processor": processor, "per_second": extent.own / taken}
        taken = _seconds(partial(_all, threads, _see_running, [url] * extent.own))
        measured["running"] = {"per_second": extent.own / taken}
    return measured


def instant_cloud_env(address: str) -> dict[str, str]:
    """What leads to the scripted Keystone at this address."""
    return {
        "auth_url": f"http://{address}/v3",
        "username": "admin",
        "password": ADMIN_PASSWORD,
        "project_name": "admin",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }


def start(extent: Extent, cloud: Keystone, options: Sequence[str]) -> Measured:
    """Seconds from nothing to the first answers, beside those of Python itself and of a plain program."""
    cloud_env = cloud.cloud_env()
    sign_up_once = (
        "import json, sys; from tools.bench.ways import Plain; Plain(json.load(sys.stdin)).sign_up(sys.argv[1])"
    )
    call_once = (
        "import json, sys; from functions.create_user_project import create_user_project as function;"
        "request = {'cloud_env': json.load(sys.stdin), 'username': sys.argv[1], 'password': 'correct-horse'};"
        "sys.exit(function(request)[0] != 201)"
    )
    measures: Mapping[str, Callable[[], float]] = {
        "python": lambda: _seconds(lambda: _run("pass")),
        "running": lambda: _started(options, _see_running),
        "first_201": lambda: _started(options, lambda url: Ours(url, cloud_env).sign_up(_login())),
        "function": lambda: _seconds(lambda: _run(call_once, cloud_env)),
        "plain": lambda: _seconds(lambda: _run(sign_up_once, cloud_env)),
    }
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for round_ in range(extent.starts):
        for name in _turned(list(measures), round_):
            taken[name].append(measures[name]())
    return taken


def memory(extent: Extent, options: Sequence[str]) -> Measured:
    """Resident bytes, threads and descriptors of a new service after so many requests, of which some are refused."""
    measured: Measured = {}
    with beside("tools.bench.instant") as address, service(*options) as running, ThreadPoolExecutor(AT_ONCE) as threads:
        process, url = psutil.Process(running.process.pid), str(running.url)
        usual = instant_cloud_env(address)
        sign_up = Ours(url, usual).sign_up
        others = [Ours(url, usual | {"password": f"another-{number}"}) for number in range(CREDENTIALS)]

        def request(number: int) -> None:
            if number % 10 == 0:
                others[number // 10 % CREDENTIALS].sign_up(_login())
            elif number % 10 == 1:
                _be_refused(url)
            else:
                sign_up(_login())

        done = 0
        for until in extent.requests:
            list(threads.map(request, range(done, until)))
            done = until
            with process.oneshot():
                measured[str(until)] = {
                    "bytes": process.memory_info().rss,
                    "threads": process.num_threads(),
                    "descriptors": process.num_fds(),
                }
    return measured


def _all(threads: ThreadPoolExecutor, step: Callable[[str], object], values: Sequence[str]) -> None:
    list(threads.map(step, values))


def _run(program: str, cloud_env: CloudEnv | None = None) -> None:
    """Runs a Python program to its end; what leads to Keystone comes by standard input, as it holds a password."""
    command = [sys.executable, "-c", program, _login()]
    subprocess.run(command, cwd=ROOT, input=json.dumps(cloud_env), text=True, check=True, stderr=subprocess.DEVNULL)


def _started(options: Sequence[str], ask: Callable[[str], object]) -> float:
    """Seconds from the start of a service to its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    begun = time.monotonic()
    command = [sys.executable, "handler.py", "--listen", address, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                ask(f"http://{address}")
            except ConnectionRefusedError:
                time.sleep(0.002)
            else:
                return time.monotonic() - begun
        raise RuntimeError(f"handler.py did not start: {process.returncode}")
    finally:
        process.terminate()
        process.wait()


def _ask(url: str, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def _see_running(url: str) -> None:
    assert _ask(url, "GET", "/") == (200, b"Running")


def _be_refused(url: str) -> None:
    assert _ask(url, "POST", "/create_user_project", "{}")[0] == 400


def _login() -> str:
    return uuid.uuid4().hex[:12]


def _turned(names: list[str], by: int) -> list[str]:
    """The names in their order, but beginning with another each time."""
    by %= len(names)
    return names[by:] + names[:by]


def _seconds(step: Callable[[], object]) -> float:
    begun = time.monotonic()
    step()
    return time.monotonic() - begun


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
