"""Runs steps in threads: several in parallel, or one for no longer than its call may take.

Each step gets a new thread: that costs a tenth of a millisecond, and no pool can run out of threads. They are daemons,
so that one that waits for a silent Keystone does not hold up the exit.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import copy_context
from functools import partial
from itertools import islice
from threading import Thread
from typing import Any, TypeVar, cast

from lib.call import context, shutdown
from lib.errors import Problem

_Result = TypeVar("_Result")
_Other = TypeVar("_Other")
_Item = TypeVar("_Item")


def in_parallel(steps: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """Returns the results of all steps in their order. Waits for every step, then raises the first failure."""
    futures = [_begin(step) for step in steps]
    wait(futures)
    return [future.result() for future in futures]


def both(first: Callable[[], _Result], second: Callable[[], _Other]) -> tuple[_Result, _Other]:
    """Returns the results of two steps of different types, as in_parallel does."""
    one, other = in_parallel([first, second])
    return cast(_Result, one), cast(_Other, other)


def as_each_ends(
    step: Callable[[_Item], _Result], items: Iterable[_Item], width: Callable[[], int]
) -> Iterator[tuple[_Item, _Result]]:
    """Yields each item with the result of its step, as each ends. Raises the first failure.

    `width` says how many steps may run in parallel from now on. Once it is 0, no more begin. An item is not taken from
    `items` before its step can begin.
    """
    left, running = iter(items), dict[Future[_Result], _Item]()

    def fill() -> None:
        running.update((_begin(partial(step, item)), item) for item in islice(left, max(0, width() - len(running))))

    fill()
    while running:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), future.result()
        fill()


def within_deadline(step: Callable[[], _Result]) -> _Result:
    """Returns the result of the step. Raises what seconds_left does as soon as the call's time is over.

    Then the step's waits for Keystone are cancelled and Keystone is asked no more, so that no thread stays behind.
    """
    this, future = context.current(), _begin(step)
    while not future.done():
        watched: list[Future[Any]] = [future, *([] if shutdown.begun.done() else [shutdown.begun])]
        try:
            left = this.seconds_left()
        except Problem:
            this.cancel_waits()
            raise
        wait(watched, left, FIRST_COMPLETED)
    return future.result()


def _begin(step: Callable[[], _Result]) -> "Future[_Result]":
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(step())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=copy_context().run, args=[run], daemon=True).start()
    return future
