"""Tests of steps that run in threads of their own: several in parallel, or one within the deadline of its call."""

import threading
import time
from collections.abc import Iterator

import pytest

from lib import call
from lib.call.concurrency import as_each_ends, in_parallel, within_deadline
from lib.errors import DeadlineExceeded
from lib.keystone.client.cache import SingleFlightCache


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


@pytest.mark.parametrize(("before", "told"), [([], "answer"), (["log in"], "log in"), (["a", "log in"], "log in")])
def test_a_time_that_is_over_between_two_steps_names_the_one_before(before: list[str], told: str) -> None:
    """What took the time may have ended a moment ago, and its own failure may not have arrived yet."""
    go_on = threading.Event()

    def between() -> None:
        for step in before:
            with call.current().asking(step):
                pass
        go_on.wait(10)

    with call.serving("slow") as this:
        this.ends = time.monotonic() + 0.1
        with pytest.raises(DeadlineExceeded, match=f"Keystone took too long to {told}. Repeat") as why:
            within_deadline(between)
    assert why.value.step == told
    go_on.set()


def test_who_waits_for_what_another_call_asks_is_told_the_same_step() -> None:
    """Of five sign-ups that begin at once, one logs in, and the others wait. Each may be the first to give up."""
    go_on, asked = threading.Event(), threading.Event()
    cache: SingleFlightCache[str, None] = SingleFlightCache(1, 60, "log in")

    def make() -> None:
        asked.set()
        go_on.wait(10)

    first = threading.Thread(target=cache.get, args=("key", make))
    first.start()
    assert asked.wait(10)
    for wait in (within_deadline, lambda step: step()):
        with call.serving("second") as this:
            this.ends = time.monotonic() + 0.1
            with pytest.raises(DeadlineExceeded, match="Keystone took too long to log in") as why:
                wait(lambda: cache.get("key", make))
        assert why.value.step == "log in"
    go_on.set()
    first.join()


def test_items_are_taken_as_there_is_room_and_come_as_they_end() -> None:
    """A long list is never in memory as a whole, and one slow step holds up no other."""
    running, most, taken = 0, 0, list[int]()
    lock, slow = threading.Lock(), threading.Event()

    def items() -> Iterator[int]:
        for item in range(20):
            taken.append(item)
            yield item

    def step(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if item == 1:
            slow.wait(10)
        time.sleep(0.002)
        with lock:
            running -= 1
        return item * item

    ended = list[int]()
    for item, result in as_each_ends(step, items(), lambda: 3 if ended else 1):
        assert len(taken) <= len(ended) + 3
        assert result == item * item
        ended.append(item)
        if len(ended) == 19:
            slow.set()
    assert (sorted(ended), ended[0], ended[-1], most) == ([*range(20)], 0, 1, 3)


def test_no_item_is_taken_once_there_is_no_room() -> None:
    """Those whose steps run are still waited for."""
    left, ended = iter(range(9)), list[int]()
    for item, _ in as_each_ends(lambda item: item, left, lambda: 0 if 1 in ended else 2):
        ended.append(item)
    assert {0, 1} <= {*ended} <= {0, 1, 2}
    assert next(left) == len(ended)
    assert [*as_each_ends(lambda item: item, left, lambda: 0)] == []
