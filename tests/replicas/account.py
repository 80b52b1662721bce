"""Accounts for all that was asked and answered, and for what the cloud has in the end."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tests.replicas.client import Attempt, Person
from tests.replicas.course import AT_ONCE, Failure
from tests.replicas.haproxy import Change
from tests.support.census import Census, census, complete, finished
from tests.support.keystone import Keystone

# Where an answer came from, if not from a replica.
HAPROXY, NOBODY = "HAProxy itself", "nobody: lost"


@dataclass(frozen=True)
class Account:
    """What happened, and what is left of it."""

    began: float
    seconds: float
    people: list[Person]
    attempts: list[Attempt]
    failures: list[Failure]
    changes: list[Change]
    served: Mapping[str, Mapping[str, str]]
    """What each replica has answered according to its log: the status, or nothing, by the request's id."""
    before: Census
    now: Census
    lacks: Mapping[str, str]
    """What is missing or wrong of people's users and projects in the end, by login."""
    moved: bool
    """Whether anything has changed since the accounts were looked at."""
    written: Mapping[str, bytes]
    """All that each process has written."""
    secrets: list[bytes]
    not_tested: str
    """Why no replica was cut off, or nothing."""

    def source(self, attempt: Attempt) -> str:
        """Returns the replica that has answered, HAPROXY, or NOBODY."""
        if attempt.status is None:
            return NOBODY
        return next((name for name, ids in self.served.items() if attempt.request_id in ids), HAPROXY)

    def answers(self) -> Counter[tuple[str, int | None]]:
        """Returns how many answers there were, by where they came from and their status."""
        return Counter((self.source(one), one.status) for one in self.attempts)

    def ends(self, failure: Failure) -> Counter[str]:
        """Returns with which statuses a replica says that it has answered what it was changing when it failed."""
        return Counter(self.served[failure.replica][one] for one in failure.caught)

    def told(self, failure: Failure) -> Counter[tuple[str, int | None]]:
        """Returns what was answered to the UI's jobs that waited then for the people whom those requests were about."""
        people = {*failure.caught.values()}
        then = [one for one in self.attempts if one.login in people and one.began <= failure.at <= one.ended]
        return Counter((self.source(one), one.status) for one in then)

    def state(self, server: str, moment: float) -> str:
        """Returns how HAProxy saw the server at this moment."""
        return [one.state for one in self.changes if one.server == server and one.at <= moment][-1]

    def other_changes(self) -> list[Change]:
        """Returns the changes of readiness that no failure explains. On a busy machine Keystone may answer too late."""
        spans = [(one.replica, one.at, one.up) for one in self.failures]
        later = [one for one in self.changes if one.at > self.began]
        return [one for one in later if not any(one.server == name and a <= one.at <= b for name, a, b in spans)]

    def finished(self, login: str) -> bool:
        """Whether all jobs of this person have ended with a success."""
        [person] = [one for one in self.people if one.login == login]
        return len({one.job for one in self.attempts if one.login == login and one.status == 201}) == person.jobs

    def overlapped(self) -> list[Person]:
        """Returns the people of whom two requests were served at the same time."""
        return [one for one in self.people if _overlap(two for two in self.attempts if two.login == one.login)]

    def added(self, kind: str) -> Counter[str]:
        """Returns the names of all `users` or `projects` that were not there before."""
        before: Mapping[str, Any] = getattr(self.before, kind)
        now: Mapping[str, Any] = getattr(self.now, kind)
        return Counter(one["name"] for key, one in now.items() if key not in before)

    def expected(self, kind: str) -> Counter[str]:
        """Returns the names of the `users` or `projects` that people should have."""
        ending = {"users": "", "projects": "_project"}[kind]
        return Counter(f"concertim_{one.login}{ending}" for one in self.people)

    def doubled(self, kind: str) -> Counter[str]:
        """Returns the names of all `users` or `projects` that nobody should have."""
        return self.added(kind) - self.expected(kind)


def untrue(cloud: Keystone, login: str, said: Any) -> str:
    """Returns what is not so in the cloud of what a success says, or nothing. Passwords are tried in the end."""

    def check() -> None:
        if complete(cloud, login) != (201, said):
            raise ValueError(f"The answer said {said}.")

    return _why_not(check)


def in_the_end(cloud: Keystone, people: Iterable[Person]) -> tuple[Census, dict[str, str], bool]:
    """Returns what the cloud has, what is wrong with it by login, and whether it was still changing."""
    now = census(cloud.admin)

    def check(person: Person) -> tuple[str, str]:
        return person.login, _why_not(lambda: finished(cloud, person.login, person.password, now))

    # To try the passwords takes long.
    with ThreadPoolExecutor(AT_ONCE) as threads:
        wrong = dict(threads.map(check, people))
    return now, {login: why for login, why in wrong.items() if why}, census(cloud.admin) != now


def _why_not(check: Callable[[], object]) -> str:
    """Returns what is wrong according to this check, or nothing."""
    try:
        check()
    # Whatever is missing shows in an exception of its own.
    except Exception as why:
        return f"{type(why).__name__}: {str(why)[:500]}"
    return ""


def _overlap(attempts: Iterable[Attempt]) -> bool:
    return any(one.began < two.ended and two.began < one.ended for one, two in combinations(attempts, 2))
