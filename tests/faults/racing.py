"""Two sign-ups of one login at the same time, each of which can be held up before any of its calls to Keystone.

The calls are those of the model (tests/model/). What it leaves out, like the grants to others, makes no difference.
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

# Seconds. On a busy machine, the deadline is enough for a sign-up that waits for another one that waits as well. The
# patience is enough for a repeat to see a claim that was left behind grow older than the deadline.
DEADLINE, PATIENCE = 15, 60


class Racer:
    """One of two sign-ups, known by its request id. It is held up before the last of these calls, if there are any."""

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
        """Begins the sign-up. Returns when it is held up or has ended."""
        answer = threads.submit(self._send, self._request_id)
        answer.add_done_callback(lambda _: self._stands.set())
        assert self._stands.wait(60)
        return answer

    def go(self) -> None:
        """Lets the sign-up go on."""
        self._let_go.set()

    def again(self) -> Answer:
        """Repeats the sign-up until its answer no longer says to repeat."""
        until = time.monotonic() + PATIENCE
        while (answer := self._send(f"req-{uuid.uuid4()}"))[0] >= 500 and time.monotonic() < until:
            time.sleep(1)
        return answer

    def pass_on(self, exchange: Exchange) -> None:
        """Passes on one of its calls, and holds it if it is the one to be held."""
        name = name_of(exchange, self._others)
        self._asked.append(name)
        # Counted by its name, because parallel calls come in any order.
        if self._until and name == self._until[-1] and self._asked.count(name) == self._until.count(name):
            self._stands.set()
            assert self._let_go.wait(60)
        exchange.reply(exchange.ask_keystone())

    def _send(self, request_id: str) -> Answer:
        with call.serving("race") as this:
            this.request_id = request_id
            return create_user_project(self.request)


class Track:
    """A proxy on which the two run, and which tells their calls apart."""

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
    """Both start and are held. Then the first runs to its end, and after it the second."""
    ones, others = first.start(threads), second.start(threads)
    first.go()
    answers = {first: ones.result()}
    second.go()
    return {**answers, second: others.result()}
