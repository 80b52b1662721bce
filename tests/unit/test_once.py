"""Once means once, under threads too."""

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
    """What each of many threads gets of this function, that call it at the same time."""
    barrier = Barrier(THREADS)

    def call(_: int) -> Any:
        barrier.wait()
        return function()

    with ThreadPoolExecutor(THREADS) as threads:
        return [*threads.map(call, range(THREADS))]


def test_many_threads_run_it_once() -> None:
    """All get the result of the one run, also those that come while it lasts."""
    runs: list[object] = []

    @Once
    def make() -> object:
        runs.append(made := object())
        time.sleep(0.05)
        return made

    results = in_threads(make)
    assert len(runs) == 1
    assert results == runs * THREADS


def test_a_result_of_none_is_kept_too() -> None:
    """It is not taken for no result."""
    runs: list[int] = []

    @Once
    def make() -> None:
        runs.append(1)

    make()
    make()
    assert runs == [1]


def test_a_failure_is_not_kept() -> None:
    """The next call, of those that waited or a later one, runs it again until it has succeeded once."""
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
    """For tests, and to let go of what is kept."""
    runs: list[int] = []

    @Once
    def count() -> int:
        runs.append(1)
        return len(runs)

    assert [count(), count()] == [1, 1]
    count.clear()
    assert [count(), count()] == [2, 2]


@pytest.mark.usefixtures("_defaults")
def test_first_calls_at_once_share_the_connections_to_keystone() -> None:
    """A second pool of them would be lost, with all that it holds open. Many times, as it is a race."""
    for _ in range(20):
        transport.clear()
        transports = in_threads(transport)
        assert [one is transports[0] for one in transports] == [True] * THREADS


def test_a_second_signal_in_the_midst_of_the_first_stops_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """It interrupts the thread that handles the first one, wherever that is; nothing is raised into the server."""
    monkeypatch.setattr(shutdown, "begun", Future())
    signals = iter([2.0])

    def monotonic() -> float:
        for seconds in signals:
            shutdown.begin(seconds)
        return 100.0

    monkeypatch.setattr(shutdown, "time", SimpleNamespace(monotonic=monotonic))
    shutdown.begin(1.0)
    assert shutdown.ends() == 102.0
