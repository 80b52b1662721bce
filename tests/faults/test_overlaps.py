"""Sign-ups of one login at the same time: one user, one project, and no answer that another makes untrue."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from functions.create_user_project import create_user_project
from lib.errors import Answer
from tests.census import census, finished
from tests.faults.faults import warm_up
from tests.keystone import Keystone
from tests.proxy import Exchange, Fault, Proxy, proxy
from tests.service import post, service

RequestOf = Callable[..., dict[str, Any]]


class Racer:
    """One of two sign-ups, over a connection of its own; it can be held up before one of its calls."""

    def __init__(self, before: Proxy, request: dict[str, Any], held_at: int | None) -> None:
        self.password = request["password"]
        self.request = request
        self._let_go = threading.Event()
        self._stands = threading.Event()
        warm_up(request)
        first = len(before.calls)

        def hold(exchange: Exchange) -> None:
            self._stands.set()
            assert self._let_go.wait(60)
            exchange.reply(exchange.ask_keystone())

        def instead(_method: str, _path: str) -> Fault | None:
            return hold if held_at is not None and len(before.calls) == first + held_at + 1 else None

        before.instead = instead

    def start(self, threads: ThreadPoolExecutor) -> "Future[Answer]":
        """Begins the sign-up; returns when it is held up or has ended."""
        answer = threads.submit(create_user_project, self.request)
        answer.add_done_callback(lambda _: self._stands.set())
        assert self._stands.wait(60)
        return answer

    def go(self) -> None:
        """Lets it go on."""
        self._let_go.set()

    def again(self) -> Answer:
        """Sends it once more."""
        return create_user_project(self.request)


@pytest.fixture
def race(cloud: Keystone, request_of: RequestOf) -> Iterator[Callable[..., Racer]]:
    """Makes a racer."""
    with ExitStack() as proxies:

        def make(password: str, held_at: int | None) -> Racer:
            before = proxies.enter_context(proxy(cloud.auth_url))
            env = cloud.cloud_env() | {"auth_url": before.auth_url}
            return Racer(before, request_of(cloud_env=env, password=password), held_at)

        yield make


# (what the cloud holds, the second one's password, where the first is held, where the second is).
# The first is held, the second starts and is held, the first goes on to its end, then the second does.
OVERLAPS = [
    *(("nothing", "another", first, second) for first in range(7) for second in (None, *range(13))),
    *(("nothing", "the same", first, second) for first in range(7) for second in (None, 1, 2, 3, 4, 5)),
    *(("a third one's user", "another", first, second) for first in range(3, 9) for second in (None, *range(3, 9))),
    *(("all but the grants", "another", first, second) for first in range(2, 11) for second in (None, 5, 8)),
    *(("the first one's user", "another", first, second) for first in range(2, 10) for second in (None, *range(2, 7))),
]


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(
    ("holds", "second_password", "first_held", "second_held"), OVERLAPS, ids=lambda value: str(value)
)
def test_overlapping_sign_ups_do_not_contradict_each_other(
    cloud: Keystone,
    login: str,
    race: Callable[..., Racer],
    holds: str,
    second_password: str,
    first_held: int,
    second_held: int | None,
) -> None:
    """Whoever is told 201 has what it says, password included; whoever is told 5xx repeats, and nobody loses."""
    if holds != "nothing":
        old = "of-old" if holds == "a third one's user" else "correct-horse"
        mark = {"concertim_kind": "user", "concertim_name": login}
        user = cloud.admin.users.create(f"concertim_{login}", domain="default", password=old, **mark)
        if holds == "all but the grants":
            mark |= {"concertim_kind": "project"}
            project = cloud.admin.projects.create(f"concertim_{login}_project", domain="default", **mark)
            cloud.admin.users.update(user.id, default_project=project.id)
    earlier = census(cloud.admin)
    first = race("correct-horse", first_held)
    second = race({"the same": "correct-horse", "another": "battery-staple"}[second_password], second_held)
    with ThreadPoolExecutor(2) as threads:
        ones, others = first.start(threads), second.start(threads)
        first.go()
        answers = {first: ones.result()}
        second.go()
        answers[second] = others.result()
    hold_true(cloud, login, answers)
    for racer, answer in answers.items():
        if answer[0] >= 500:
            answers[racer] = racer.again()
    hold_true(cloud, login, answers)
    statuses = sorted(status for status, _ in answers.values())
    assert statuses == ([201, 201] if second_password == "the same" else [201, 409])
    assert census(cloud.admin).without(login) == earlier.without(login)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("held_at", range(7))
def test_a_sign_up_that_is_taken_back_leaves_another_what_it_was_told(
    cloud: Keystone, login: str, race: Callable[..., Racer], held_at: int
) -> None:
    """The first names a project that is not its own and takes the user back; the second, with the password, finishes.

    Wherever the first is held up: what the second is told stays true. Only the removal itself, its last call, can come
    too late: Keystone removes a user without looking at what has become of them.
    """
    first = race("correct-horse", held_at)
    first.request["project_id"] = cloud.cloud_env_by_ids()["project_id"]
    second = race("correct-horse", None)
    with ThreadPoolExecutor(2) as threads:
        ones, others = first.start(threads), second.start(threads)
        told = others.result()
        first.go()
        refused = ones.result()
    assert refused[0] in (409, 503)
    assert told[0] >= 500 or told == finished(cloud, login)
    assert second.again() == finished(cloud, login)
    assert first.again()[0] == 409
    assert second.again() == finished(cloud, login)


def hold_true(cloud: Keystone, login: str, answers: dict[Racer, Answer]) -> None:
    """Each of the answers is so."""
    for racer, answer in answers.items():
        if answer[0] < 500:
            assert answer[0] == 409 or answer == finished(cloud, login, racer.password)


@pytest.mark.usefixtures("trial")
def test_twenty_identical_sign_ups_at_two_processes_are_one(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """All of them 2xx, with the same ids."""
    with service() as one, service() as other, ThreadPoolExecutor(20) as threads:
        go = threading.Barrier(20)

        def send(number: int) -> tuple[int, Any]:
            go.wait(30)
            return post((one, other)[number % 2].url, json=request_of())

        answers = list(threads.map(send, range(20)))
    assert answers == [finished(cloud, login)] * 20


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("round_", range(5))
def test_old_and_new_password_at_two_processes_do_not_contradict_each_other(
    cloud: Keystone, login: str, request_of: RequestOf, round_: int
) -> None:
    """Eight at once, as many of each: at most one password is told 201, and that one opens the account."""
    passwords = [f"{kind}-password-{round_}" for kind in ("old", "new")] * 4
    with service() as one, service() as other, ThreadPoolExecutor(8) as threads:
        go = threading.Barrier(8)

        def send(number: int) -> tuple[str, tuple[int, Any]]:
            go.wait(30)
            password = passwords[number]
            answer = post((one, other)[number // 2 % 2].url, json=request_of(password=password))
            return password, answer

        answers = list(threads.map(send, range(8)))
        assert len({password for password, answer in answers if answer[0] == 201}) <= 1
        for password, answer in answers:
            assert answer[0] in (201, 409, 502, 503)
            if answer[0] == 201:
                assert answer == finished(cloud, login, password)
        repeated = [(password, post(one.url, json=request_of(password=password))) for password in passwords[:2]]
    assert sorted(answer[0] for _, answer in repeated) == [201, 409]
    [winner] = [password for password, answer in repeated if answer[0] == 201]
    assert dict(repeated)[winner] == finished(cloud, login, winner)
