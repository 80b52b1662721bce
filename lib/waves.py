"""Runs steps in threads of their own: several at once, or one for no longer than its call may take.

A thread is made for each: that costs a tenth of a millisecond beside Keystone's tens, and no pool of them can
starve. They are daemons, so that one which waits for a silent Keystone holds up nobody's exit.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import copy_context
from threading import Thread
from typing import Any, TypeVar

from lib import call, stopping
from lib.errors import Problem

_Result = TypeVar("_Result")
_Other = TypeVar("_Other")


def at_once(steps: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """The results of all steps in their order; waits for every one of them, then raises the first failure."""
    futures = [_begin(step) for step in steps]
    wait(futures)
    return [future.result() for future in futures]


def both(first: Callable[[], _Result], second: Callable[[], _Other]) -> tuple[_Result, _Other]:
    """As at_once, of two steps that give different things."""
    steps: list[Callable[[], Any]] = [first, second]
    one, other = at_once(steps)
    return one, other


def in_time(step: Callable[[], _Result]) -> _Result:
    """The result of the step; or, as soon as its call's time is over, what seconds_left raises.

    What the step waits for is cut off then, and Keystone is asked no more, so that no thread stays behind.
    """
    future = _begin(step)
    this = call.current()
    while not future.done():
        watched: list[Future[Any]] = [future] if stopping.begun.done() else [future, stopping.begun]
        try:
            left = this.seconds_left()
        except Problem:
            this.cut()
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
