"""Tests of steps that run in threads of their own: several in parallel, or one within the deadline of its call."""

import threading
import time

import pytest

from lib import call
from lib.call.concurrency import in_parallel, within_deadline
from lib.errors import DeadlineExceeded


def test_results_come_in_the_order_of_the_steps() -> None:
    """The order of the results does not depend on which step ends first, and the steps do run in parallel."""
    together = threading.Barrier(3)

    def step(number: int) -> int:
        together.wait(10)
        time.sleep((3 - number) / 100)
        return number

    assert in_parallel([lambda number=number: step(number) for number in range(3)]) == [0, 1, 2]  # type: ignore[misc]
    assert in_parallel([]) == []


def test_a_failure_is_raised_when_every_step_has_ended() -> None:
    """What follows the failure must not overlap with a step that is still running."""
    ended = threading.Event()

    def slow() -> None:
        time.sleep(0.2)
        ended.set()

    def failing() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        in_parallel([failing, slow])
    assert ended.is_set()


def test_a_step_that_takes_longer_than_its_call_may_is_left_to_itself() -> None:
    """The caller goes on at the deadline; the step, which still runs, belongs to the same call."""
    go_on, seen = threading.Event(), list[call.Call]()

    def hanging() -> None:
        seen.append(call.current())
        go_on.wait(10)

    with call.serving("slow") as this:
        this.ends = time.monotonic() + 0.1
        with pytest.raises(DeadlineExceeded):
            within_deadline(hanging)
    assert seen == [this]
    go_on.set()
