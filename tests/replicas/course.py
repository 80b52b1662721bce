"""The course of the test: groups of people sign up, and in each group but the last another replica fails."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tests.replicas.client import Client, Person
from tests.replicas.haproxy import DOWN, UP, View
from tests.replicas.replica import Replica, wait_until
from tests.support.namespaces import Namespace

# This many people sign up at a time, as many as the UI has threads for its jobs.
AT_ONCE = 5
KILLED, STOPPED, CUT_OFF = "killed", "stopped", "cut off"
PEOPLE = 60
# Every third person is signed up twice at the same moment.
ONCE_OR_TWICE = (2, 1, 1)


@dataclass(frozen=True)
class Failure:
    """What happened to a replica, and when."""

    what: str
    replica: str
    at: float
    caught: dict[str, str]
    """The requests that were changing the cloud at that moment: the login of each, by its id."""
    over: float
    """When the replica was started or joined again."""
    up: float
    """When HAProxy saw it ready again."""
    code: int
    """The exit code, which is 0 of a replica that goes on."""
    unsent: int = 0
    """How many connections to Keystone still had something to send when the replica was joined again."""


@dataclass(frozen=True)
class Site:
    """What runs."""

    replicas: dict[str, Replica]
    view: View
    client: Client
    namespace: Namespace | None


def kill(site: Site, name: str) -> Failure:
    """Kills the replica amid changes, and starts it again once HAProxy has seen that it is gone."""
    return _restart(site, name, KILLED, Replica.kill)


def stop(site: Site, name: str) -> Failure:
    """Tells the replica to stop amid changes, and starts it again once it has ended and HAProxy has seen that."""
    return _restart(site, name, STOPPED, Replica.terminate)


def _restart(site: Site, name: str, what: str, end: Callable[[Replica], None]) -> Failure:
    replica = site.replicas[name]
    with replica.caught_in_a_change() as caught:
        at = time.monotonic()
        end(replica)
    code = replica.wait()
    site.view.wait_until(name, DOWN)
    over = time.monotonic()
    replica.start()
    return Failure(what, name, at, caught, over, site.view.wait_until(name, UP), code)


def cut_off(site: Site, name: str) -> Failure:
    """Cuts the replica off from Keystone amid changes, until HAProxy has seen that and those requests have ended."""
    replica = site.replicas[name]
    assert site.namespace
    with replica.caught_in_a_change() as caught:
        at = time.monotonic()
        site.namespace.called.cut()
    site.view.wait_until(name, DOWN)
    wait_until(lambda: not replica.changing(), f"{name} gives up what it was changing")
    over, unsent = time.monotonic(), site.namespace.unsent()
    site.namespace.called.join()
    return Failure(CUT_OFF, name, at, caught, over, site.view.wait_until(name, UP), 0, unsent)


def sign_ups(site: Site, people: list[Person]) -> list[Failure]:
    """Signs the people up, a group after the other, and lets a replica fail during each group but the last."""
    # The namespace is that of the last replica.
    acts, names = [kill, stop, cut_off if site.namespace else None, None], [*site.replicas]
    failures, size = [], len(people) // len(acts)
    for number, fail in enumerate(acts):
        with _signing_up(site.client, people[number * size : (number + 1) * size]):
            if fail:
                _wait_for_answers(site.client)
                failures.append(fail(site, names[number]))
    if site.namespace:
        # Long after its requests have ended, the replica that was cut off may still have something to send.
        wait_until(lambda: site.namespace and not site.namespace.unsent(), "Keystone gets what is late")
    return failures


def new_people() -> list[Person]:
    """Returns the people who sign up."""
    return [Person.new(ONCE_OR_TWICE[number % len(ONCE_OR_TWICE)]) for number in range(PEOPLE)]


@contextmanager
def _signing_up(client: Client, people: list[Person]) -> Iterator[None]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        jobs = [threads.submit(client.sign_up, person) for person in people]
        try:
            yield
            for job in jobs:
                job.result()
        except BaseException:
            # Nobody else signs up, and nobody waits to repeat a request, when something else has failed.
            threads.shutdown(wait=False, cancel_futures=True)
            client.over.set()
            raise


def _wait_for_answers(client: Client) -> None:
    """Waits for some answers. Sign-ups that have begun together are at the same call until then."""
    before = len(client.attempts)
    wait_until(lambda: len(client.attempts) >= before + AT_ONCE, "some sign-ups are answered")
