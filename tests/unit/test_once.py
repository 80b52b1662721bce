"""Tests of what must happen once in a process, even when several threads or signals ask for it first."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from lib.call import shutdown
from lib.call.once import Once
from lib.keystone.client.transport import transport

THREADS = 16


def in_threads(function: Callable[[], Any]) -> list[Any]:
    """Returns what each of many threads gets when all of them call this function at the same time."""
    barrier = Barrier(THREADS)

    def call(_: int) -> Any:
        barrier.wait()
        return function()

    with ThreadPoolExecutor(THREADS) as threads:
        return [*threads.map(call, range(THREADS))]


def test_many_threads_run_it_once() -> None:
    """All callers get the result of the one run, including those that come while it lasts."""
    runs: list[object] = []

    @Once
    def make() -> object:
        runs.append(made := object())
        time.sleep(0.05)
        return made

    results = in_threads(make)
    assert len(runs) == 1
    assert results == runs * THREADS


def test_a_result_of_none_is_cached_too() -> None:
    """A result of None is cached, and not mistaken for a function that has not run yet."""
    runs: list[int] = []

    @Once
    def make() -> None:
        runs.append(1)

    make()
    make()
    assert runs == [1]


def test_a_failure_is_not_cached() -> None:
    """After a failure the next call, whether it waits or comes later, runs the function again."""
    outcomes = iter([ValueError("one"), ValueError("two"), None])

    @Once
    def make() -> str:
        failure = next(outcomes)
        time.sleep(0.01)
        if failure:
            raise failure
        return "made"

    def told() -> str:
        try:
            return make()
        except ValueError as error:
            return str(error)

    assert sorted(in_threads(told)) == sorted(["one", "two", *["made"] * (THREADS - 2)])


def test_what_is_forgotten_runs_again() -> None:
    """Tests, and code that releases a cached result, can make the function run again."""
    runs: list[int] = []

    @Once
    def count() -> int:
        runs.append(1)
        return len(runs)

    assert [count(), count()] == [1, 1]
    count.clear()
    assert [count(), count()] == [2, 2]


@pytest.mark.usefixtures("_defaults")
def test_concurrent_first_calls_share_the_connections_to_keystone() -> None:
    """A second connection pool would be lost, with all the connections that it holds open.

    The test runs many times, since it depends on a race.
    """
    for _ in range(20):
        transport.clear()
        transports = in_threads(transport)
        assert [one is transports[0] for one in transports] == [True] * THREADS


def test_a_second_signal_in_the_midst_of_the_first_stops_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may interrupt the thread that handles the first one, and must raise nothing into the server."""
    monkeypatch.setattr(shutdown, "begun", Future())
    signals = iter([2.0])

    def monotonic() -> float:
        for seconds in signals:
            shutdown.begin(seconds)
        return 100.0

    monkeypatch.setattr(shutdown, "time", SimpleNamespace(monotonic=monotonic))
    shutdown.begin(1.0)
    assert shutdown.ends() == 102.0
