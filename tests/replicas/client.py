"""The Concertim UI as it signs people up: jobs that repeat what fails, with tokens, and several at the same time."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.contract.ui import ATTEMPTS, token

# Seconds that a replica has for a request, in place of 50, so that the tests need not wait for so long.
DEADLINE = 8
# The UI waits ten seconds longer than the service may take.
ANSWER_SECONDS = DEADLINE + 10
# The waits of the UI's jobs, which last for hours, are shorter in the same proportion as the deadline.
SCALE = DEADLINE / 50


def seconds_before(attempt: int) -> float:
    """Returns how long a job of the UI waits before it makes the attempt of this number, counted from 1."""
    return ((attempt - 1) ** 4 + 2) * SCALE


@dataclass(frozen=True)
class Person:
    """Somebody who signs up."""

    login: str
    password: str
    jobs: int

    @classmethod
    def new(cls, jobs: int) -> "Person":
        """Returns a person whom nobody knows, with this many jobs of the UI at the same moment."""
        return cls(f"ann-{uuid.uuid4().hex[:12]}", f"correct-{uuid.uuid4().hex}", jobs)


@dataclass(frozen=True)
class Attempt:
    """A request and what came of it."""

    login: str
    job: int
    began: float
    ended: float
    status: int | None
    """None where the connection was lost, or nothing came in time."""
    body: Any = None
    """What is not an object in JSON is None."""
    request_id: str = ""
    """The id that the service has given the request. Answers of HAProxy's own have none."""
    untrue: str = ""
    """What was not so in the cloud, although the answer said so."""


@dataclass
class Client:
    """The UI. `untrue` says what is not so in the cloud of what a success says for this login, or nothing."""

    url: str
    cloud_env: dict[str, Any]
    jwt_secret: str
    untrue: Callable[[str, Any], str]
    attempts: list[Attempt] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def sign_up(self, person: Person) -> None:
        """Signs the person up in all of their jobs, which begin at the same moment."""
        together = threading.Barrier(person.jobs)
        with ThreadPoolExecutor(person.jobs) as threads:
            for job in [threads.submit(self._job, person, number, together) for number in range(person.jobs)]:
                job.result()

    def _job(self, person: Person, job: int, together: threading.Barrier) -> None:
        together.wait()
        for number in range(1, ATTEMPTS + 1):
            if number > 1 and self.over.wait(seconds_before(number)):
                return
            attempt = self._send(person, job)
            self.attempts.append(attempt)
            if attempt.status and attempt.status < 300:
                return

    def _send(self, person: Person, job: int) -> Attempt:
        signed = token(self.jwt_secret)
        self.tokens.append(signed)
        body = {"cloud_env": self.cloud_env, "username": person.login, "password": person.password}
        body |= {"email": f"{person.login}@site.example"}
        began = time.monotonic()
        try:
            answer = requests.post(
                f"{self.url}/create_user_project",
                json=body,
                headers={"Authorization": f"Bearer {signed}"},
                timeout=ANSWER_SECONDS,
            )
        except requests.RequestException:
            return Attempt(person.login, job, began, time.monotonic(), None)
        ended, content = time.monotonic(), _object(answer)
        untrue = self.untrue(person.login, content) if answer.ok else ""
        request_id = answer.headers.get("X-OpenStack-Request-ID", "")
        return Attempt(person.login, job, began, ended, answer.status_code, content, request_id, untrue)


def _object(answer: requests.Response) -> Any:
    """Returns the object in the answer, or None where the UI's job would die of the answer."""
    try:
        content = answer.json() if answer.headers.get("Content-Type") == "application/json" else None
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
