"""Runs two concurrent sign-ups of one login, each of which can be held up before any of its calls to Keystone.

The calls have the names of the model in tests/model/. Calls that the model leaves out, such as grants to standing
accounts, make no difference to another sign-up.
"""

import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from functions.create_user_project import create_user_project
from lib import call
from lib.endpoint import Answer
from tests.model.wire import name_of
from tests.support.proxy import Exchange, Proxy

# Both are in seconds. On a busy machine, the deadline must allow a sign-up to wait for another one that waits, too. A
# repeat may have to wait for an abandoned claim until that is older than the deadline, so its patience is longer.
DEADLINE, PATIENCE = 15, 60


class Racer:
    """One of two sign-ups, known by its request id. It is held up before the last call in `until`, if there is any."""

    def __init__(self, track: "Track", request: dict[str, Any], until: Sequence[str] = ()) -> None:
        self.request = request
        self.password = request["password"]
        self._others = track.others
        self._until = until
        self._asked: list[str] = []
        self._request_id = f"req-{uuid.uuid4()}"
        self._let_go = threading.Event()
        self._stands = threading.Event()
        track.racers[self._request_id] = self

    def start(self, threads: ThreadPoolExecutor) -> "Future[Answer]":
        """Starts the sign-up, and returns its future once it is held up or has ended."""
        answer = threads.submit(self._send, self._request_id)
        answer.add_done_callback(lambda _: self._stands.set())
        assert self._stands.wait(60)
        return answer

    def go(self) -> None:
        """Lets the sign-up go on."""
        self._let_go.set()

    def again(self) -> Answer:
        """Repeats the sign-up until its answer is below 500 or patience has run out, and returns the answer."""
        until = time.monotonic() + PATIENCE
        while (answer := self._send(f"req-{uuid.uuid4()}"))[0] >= 500 and time.monotonic() < until:
            time.sleep(1)
        return answer

    def pass_on(self, exchange: Exchange) -> None:
        """Passes a call on to Keystone, after holding it up if it is the one."""
        name = name_of(exchange, self._others)
        self._asked.append(name)
        # Parallel calls arrive in any order, so each is counted by its name.
        if self._until and name == self._until[-1] and self._asked.count(name) == self._until.count(name):
            self._stands.set()
            assert self._let_go.wait(60)
        exchange.reply(exchange.ask_keystone())

    def _send(self, request_id: str) -> Answer:
        with call.serving("race") as this:
            this.request_id = request_id
            return create_user_project(self.request)


class Track:
    """A proxy that passes the calls of each sign-up to its racer, by their request id."""

    def __init__(self, before: Proxy, others: set[str]) -> None:
        self.others = others
        self.racers: dict[str, Racer] = {}
        before.instead = lambda _method, _path: self._pass_on

    def _pass_on(self, exchange: Exchange) -> None:
        racer = self.racers.get(exchange.headers["X-OpenStack-Request-ID"])
        if racer:
            racer.pass_on(exchange)
        else:
            exchange.reply(exchange.ask_keystone())


def race(first: Racer, second: Racer, threads: ThreadPoolExecutor) -> dict[Racer, Answer]:
    """Starts both sign-ups until they are held up, lets the first run to its end, and after it the second."""
    ones, others = first.start(threads), second.start(threads)
    first.go()
    answers = {first: ones.result()}
    second.go()
    return {**answers, second: others.result()}
