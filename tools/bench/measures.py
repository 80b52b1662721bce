"""What is measured. What is compared is measured in turn, as a shared machine is never equally fast twice."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import psutil

from tests.support.service import Service, service
from tools.bench.answers import be_refused, see_running
from tools.bench.beside import beside
from tools.bench.clock import processor_seconds, seconds_of, turned
from tools.bench.clouds import delayed, every_way, instant_cloud_env
from tools.bench.processes import run_python, seconds_to_first_answer
from tools.bench.ways import CloudEnv, Ours, new_login

# As many as the Concertim UI sends at once.
AT_ONCE = 5
# More credentials than the service caches sessions for, as a large site has one for each customer.
CREDENTIALS = 40
# Programs that sign up the login in their argument, at the cloud environment in their standard input.
SIGN_UP_ONCE = "import json, sys; from tools.bench.ways import Plain; Plain(json.load(sys.stdin)).sign_up(sys.argv[1])"
CALL_ONCE = (
    "import json, sys; from functions.create_user_project import create_user_project as function;"
    "request = {'cloud_env': json.load(sys.stdin), 'username': sys.argv[1], 'password': 'correct-horse'};"
    "sys.exit(function(request)[0] != 201)"
)
Measured = dict[str, Any]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    delays: Sequence[int] = (0, 10, 25)
    """Milliseconds added to each call to Keystone."""
    rounds: int = 25
    """How often each way signs up one at a time, for one median."""
    bulk: int = 100
    """How many each way signs up, five at a time."""
    quarters: int = 4
    """Parts of the bulk, in which the ways take turns."""
    own: int = 400
    """Sign-ups at the scripted Keystone, for the processor time of one."""
    starts: int = 9
    """How often each process is started, for one median."""
    requests: Sequence[int] = (100, 1000, 10_000)
    """After how many requests the memory is read."""


QUICK = Extent(delays=(25,), rounds=2, bulk=5, quarters=1, own=20, starts=1, requests=(50, 100))


def at_a_cloud(extent: Extent, cloud_env: CloudEnv, running: Service, say: Callable[[str], None]) -> Measured:
    """Returns how long sign-ups take at this cloud, one at a time and five at a time. `say` is told what comes next."""
    say("One sign-up at a time")
    alone = latency(extent, cloud_env, running)
    say("A new site: five at a time")
    together = bulk(extent, cloud_env, running)
    say("A site that is moved: repeats, five at a time")
    return {"latency": alone, "bulk": together, "repeats": repeats(extent, cloud_env, running)}


def latency(extent: Extent, cloud_env: CloudEnv, running: Service) -> Measured:
    """Returns the seconds of one sign-up at a time, by added delay and way."""
    measured: Measured = {}
    for delay in extent.delays:
        with delayed(cloud_env, delay) as behind, every_way(running, behind) as ways:
            taken: dict[str, list[float]] = {way: [] for way in ways}
            for round_ in range(extent.rounds):
                for way in turned(list(ways), round_):
                    taken[way].append(seconds_of(partial(ways[way], new_login())))
        measured[str(delay)] = taken
    return measured


def bulk(extent: Extent, cloud_env: CloudEnv, running: Service) -> Measured:
    """Returns the seconds for all sign-ups of a new site, five at a time, and for each of them, by delay and way."""
    measured: Measured = {}
    for delay in extent.delays:
        with (
            delayed(cloud_env, delay) as behind,
            every_way(running, behind) as ways,
            ThreadPoolExecutor(AT_ONCE) as threads,
        ):
            taken: dict[str, dict[str, Any]] = {way: {"all": 0.0, "each": []} for way in ways}
            for quarter in range(extent.quarters):
                for way in turned(list(ways), quarter):
                    sign_ups = [partial(ways[way], new_login()) for _ in range(extent.bulk // extent.quarters)]
                    begun = time.monotonic()
                    taken[way]["each"] += threads.map(seconds_of, sign_ups)
                    taken[way]["all"] += time.monotonic() - begun
        measured[str(delay)] = taken
    return measured


def repeats(extent: Extent, cloud_env: CloudEnv, running: Service) -> Measured:
    """Returns the seconds for all sign-ups of a new site, five at a time, and for their repeats by name and by ids."""
    ours, taken = Ours(str(running.url), cloud_env), {"new": 0.0, "by_name": 0.0, "by_ids": 0.0}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in range(extent.quarters):
            begun = time.monotonic()
            answers = list(threads.map(ours.signed_up, [new_login() for _ in range(extent.bulk // extent.quarters)]))
            taken["new"] += time.monotonic() - begun
            taken["by_name"] += seconds_of(partial(_all, threads, ours.repeat, answers))
            taken["by_ids"] += seconds_of(partial(_all, threads, partial(ours.repeat, ids=True), answers))
    return taken


def own_work(extent: Extent, running: Service) -> Measured:
    """Returns what the service does by itself, measured at a Keystone that answers at once.

    For each way these are the seconds of processor time for a sign-up, and the sign-ups in a second; and beside them
    how many `GET /` are answered in a second.
    """
    with (
        beside("tools.bench.instant") as address,
        every_way(running, instant_cloud_env(address)) as ways,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        url, here, there = str(running.url), psutil.Process(), psutil.Process(running.process.pid)
        asked: dict[str, Callable[[str], object]] = {**ways, "running": lambda _: see_running(url)}
        processor, taken = dict.fromkeys(asked, 0.0), dict.fromkeys(asked, 0.0)
        for quarter in range(extent.quarters):
            logins = [new_login() for _ in range(extent.own // extent.quarters)]
            for way in turned(list(asked), quarter):
                process = there if way in ("ours", "running") else here
                before = processor_seconds(process)
                for login in logins:
                    asked[way](login)
                processor[way] += processor_seconds(process) - before
                taken[way] += seconds_of(partial(_all, threads, asked[way], logins))
    return {way: {"processor": processor[way] / extent.own, "per_second": extent.own / taken[way]} for way in asked}


def start(extent: Extent, cloud_env: CloudEnv, options: Sequence[str]) -> Measured:
    """Returns the seconds from nothing to the first answers, beside those of Python itself and of a plain program."""
    measures: Mapping[str, Callable[[], float]] = {
        "python": lambda: seconds_of(lambda: run_python("pass")),
        "running": lambda: seconds_to_first_answer(options, see_running),
        "first_201": lambda: seconds_to_first_answer(options, lambda url: Ours(url, cloud_env).sign_up(new_login())),
        "function": lambda: seconds_of(lambda: run_python(CALL_ONCE, cloud_env)),
        "plain": lambda: seconds_of(lambda: run_python(SIGN_UP_ONCE, cloud_env)),
    }
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for round_ in range(extent.starts):
        for name in turned(list(measures), round_):
            taken[name].append(measures[name]())
    return taken


def memory(extent: Extent, options: Sequence[str]) -> Measured:
    """Returns resident bytes, threads and descriptors of a new service after so many requests."""
    measured: Measured = {}
    with beside("tools.bench.instant") as address, service(*options) as running, ThreadPoolExecutor(AT_ONCE) as threads:
        process, request = psutil.Process(running.process.pid), _mixed_requests(str(running.url), address)
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


def _mixed_requests(url: str, address: str) -> Callable[[int], None]:
    """Returns a function that sends one request, of a kind that its number chooses.

    One in ten is refused, and one in ten has other credentials.
    """
    usual = instant_cloud_env(address)
    sign_up = Ours(url, usual).sign_up
    others = [Ours(url, usual | {"password": f"another-{number}"}) for number in range(CREDENTIALS)]

    def request(number: int) -> None:
        if number % 10 == 0:
            others[number // 10 % CREDENTIALS].sign_up(new_login())
        elif number % 10 == 1:
            be_refused(url)
        else:
            sign_up(new_login())

    return request


def _all(threads: ThreadPoolExecutor, step: Callable[[_Value], object], values: Sequence[_Value]) -> None:
    list(threads.map(step, values))
