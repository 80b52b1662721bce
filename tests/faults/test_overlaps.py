"""Concurrent sign-ups of one login make one user and one project, and no answer is untrue because of another."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lib.endpoint import Answer
from tests.faults.faults import warm_up
from tests.faults.overlaps import OLD, OVERLAPS, REFUSED, Overlap, asked
from tests.faults.racing import DEADLINE, Racer, Track, race
from tests.model.wire import standing_accounts
from tests.support.census import Census, census, clear, finished
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Proxy
from tests.support.service import post, service

# How many trials run in parallel. Most of them wait.
AT_ONCE = 3
TRIALS = [
    pytest.param(
        overlap, until, id=f"{overlap.holds}, {overlap.first} until {len(until)} {until[-1]}, {overlap.second}"
    )
    for overlap in OVERLAPS
    for calls in [asked(overlap.holds, overlap.first)]
    for until in (calls[:number] for number in range(1, len(calls) + 1))
]


class Course:
    """The cloud, and the proxy on which the two sign-ups are held."""

    def __init__(self, cloud: Keystone, track: Track, through: RequestOf) -> None:
        self.cloud = cloud
        self.track = track
        self._through = through

    def prepare(self, holds: str, login: str) -> None:
        """Creates what the cloud is to hold of this login."""
        if holds == "nothing":
            return
        old = "of-a-third" if holds == "a third one's" else OLD
        mark = {"concertim_kind": "user", "concertim_name": login}
        user = self.cloud.admin.users.create(f"concertim_{login}", domain="default", password=old, **mark)
        if holds == "all but the grants":
            mark |= {"concertim_kind": "project"}
            project = self.cloud.admin.projects.create(f"concertim_{login}_project", domain="default", **mark)
            self.cloud.admin.users.update(user.id, default_project=project.id)

    def racer(self, login: str, sends: str, until: Sequence[str]) -> Racer:
        """Returns a sign-up with this password, or one that is refused. It is held before the last of these calls."""
        request = self._through(username=login, password=OLD if sends == REFUSED else sends)
        if sends == REFUSED:
            request["project_id"] = self.cloud.cloud_env_by_ids()["project_id"]
        return Racer(self.track, request, until)


@pytest.fixture
def course(cloud: Keystone, before: Proxy, through: RequestOf, settings_file: Callable[[str], Path]) -> Course:
    """Returns a course whose connection has logged in already."""
    settings_file(f"user_handler: {{deadline: {DEADLINE}}}")
    warm_up(through())
    return Course(cloud, Track(before, standing_accounts(cloud)), through)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("overlap", "first_until"), TRIALS)
def test_overlapping_sign_ups_do_not_contradict_each_other(
    course: Course,
    login: str,
    record_property: Callable[[str, object], None],
    overlap: Overlap,
    first_until: list[str],
) -> None:
    """What a 201 says is so, the password included. After the repeats of 5xx, one sign-up at least is answered 201.

    Each call before which the second is held is a trial with a login of its own, so that trials can run in parallel.
    """
    seconds_until = overlap.seconds_until(first_until)
    logins = [f"{login}-{len(until)}" for until in seconds_until]
    earlier = census(course.cloud.admin)
    with ThreadPoolExecutor(2 * AT_ONCE) as threads, ThreadPoolExecutor(AT_ONCE) as trials:

        def trial(login: str, until: list[str]) -> dict[Racer, Answer]:
            record_property("trial", "")
            course.prepare(overlap.holds, login)
            first = course.racer(login, overlap.first, first_until)
            return race(first, course.racer(login, overlap.second, until), threads)

        told = list(trials.map(trial, logins, seconds_until))
        hold_true(course.cloud, logins, told)
        told = list(trials.map(repeated, told))
    now = hold_true(course.cloud, logins, told)
    for answers in told:
        first, second = (status for status, _ in answers.values())
        assert (
            [first, second] == [409, 201]
            if overlap.first == REFUSED
            else sorted([first, second]) == ([201, 201] if overlap.first == overlap.second else [201, 409])
        )
    for one in logins:
        now = now.without(one)
    assert now == earlier
    clear(course.cloud.admin, *logins)


def repeated(answers: dict[Racer, Answer]) -> dict[Racer, Answer]:
    """Repeats the sign-ups that were told to, one after the other."""
    return {racer: answer if answer[0] < 500 else racer.again() for racer, answer in answers.items()}


def hold_true(cloud: Keystone, logins: list[str], told: list[dict[Racer, Answer]]) -> Census:
    """Asserts that each answer is true of what the cloud holds now."""
    now = census(cloud.admin)
    for login, answers in zip(logins, told, strict=True):
        for racer, answer in answers.items():
            if answer[0] < 500:
                assert answer[0] == 409 or answer == finished(cloud, login, racer.password, now)
    return now


@pytest.mark.usefixtures("trial")
def test_twenty_identical_sign_ups_at_two_processes_are_one(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """All of them are answered 2xx with the same ids."""
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
    """Of eight concurrent sign-ups with two passwords, at most one password is answered 201, and it logs in."""
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
