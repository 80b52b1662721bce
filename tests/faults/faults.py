"""The ways in which one call to Keystone goes wrong."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import call, keystone
from lib.endpoint import Endpoint
from lib.errors import Answer
from lib.models import SignUp
from tests.proxy import Answered, Exchange, Fault, Proxy

JSON = {"Content-Type": "application/json"}
# Seconds between the bytes of an answer that drips.
DRIP = 1


def status(code: int) -> Fault:
    """Something before Keystone answers for it."""
    return lambda exchange: exchange.reply((code, {"Content-Type": "text/html"}, b"<html>try later</html>"))


def cut_before(exchange: Exchange) -> None:
    """The connection closes; Keystone never heard of it."""
    exchange.cut()


def cut_after(exchange: Exchange) -> None:
    """Keystone acts, and its answer is lost."""
    exchange.ask_keystone()
    exchange.cut()


def cut_within(exchange: Exchange) -> None:
    """Keystone acts, and half of its answer is lost."""
    data = exchange.as_bytes(exchange.ask_keystone())
    exchange.send(data[: len(data) // 2])
    exchange.cut()


def close_silently(exchange: Exchange) -> None:
    """A good answer; then the kept connection closes, as a bare uWSGI does."""
    exchange.reply(exchange.ask_keystone())
    exchange.cut()


def garbage(exchange: Exchange) -> None:
    """Not even HTTP."""
    exchange.send(b"\x16\x03\x01\x00\xff" * 20 + b"\r\n\r\n")
    exchange.cut()


def html(exchange: Exchange) -> None:
    """A page that says success."""
    exchange.reply((200, {"Content-Type": "text/html"}, b"<html>Down for maintenance</html>"))


def other_json(exchange: Exchange) -> None:
    """Success, in JSON, of something that is no Keystone."""
    exchange.reply((200, JSON, b'{"status": "ok"}'))


def drip(exchange: Exchange) -> None:
    """Keystone acts, and its answer comes a byte a second."""
    for byte in exchange.as_bytes(exchange.ask_keystone()):
        exchange.send(bytes([byte]))
        if exchange.seen.over.wait(DRIP):
            break
    exchange.cut()


# These end within the call, once or again at every call that follows.
PASSING: Mapping[str, Fault] = {
    "429": status(429),
    "500": status(500),
    "503": status(503),
    "cut before": cut_before,
    "cut after": cut_after,
    "cut within": cut_within,
    "close silently": close_silently,
    "garbage": garbage,
    "html": html,
    "other json": other_json,
}

# What outlasts the call's time is the same whether it comes once or again.
OUTLASTING = ("drip", "hang", "late")
EVERY_WAY = [
    *((kind, lasting) for kind in PASSING for lasting in (False, True)),
    *((kind, False) for kind in OUTLASTING),
]
# Those by which a repeat that finds something could go astray: its own kinds of call are tried in these ways only.
LOST_WAYS = [("cut after", True), ("503", True), ("other json", False), ("late", False)]
# Seconds: for what lasts as long as the call may, and for what does not.
SHORT, LONG = 4, 50


@dataclass
class Outage:
    """Spoils the call of this number, counted from when it begins; a lasting one also all that follow, until healed."""

    proxy: Proxy
    kind: str
    index: int
    lasting: bool = False
    met: int = 0
    healed: threading.Event = field(default_factory=threading.Event)
    _late: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def begin(self) -> None:
        """From now on, calls are counted."""
        first = len(self.proxy.calls) + self.index
        faults = {**PASSING, "drip": drip, "hang": self.hang, "late": self.late}

        def instead(_method: str, _path: str) -> Answered | Fault | None:
            number = len(self.proxy.calls) - 1
            hit = number == first or (self.lasting and number > first)
            if self.healed.is_set() or not hit:
                return None
            self.met += 1
            return faults[self.kind]

        self.proxy.instead = instead

    def heal(self) -> None:
        """Keystone is well again."""
        self.healed.set()

    def settle(self) -> None:
        """Waits until Keystone has done what it was asked to do late."""
        if self.kind == "late":
            assert self._late.acquire(timeout=60)

    def hang(self, exchange: Exchange) -> None:
        """No answer, and Keystone never heard of it."""
        exchange.seen.over.wait()
        exchange.cut()

    def late(self, exchange: Exchange) -> None:
        """Keystone acts when whoever asked has given up, and their next request is on its way."""
        self.healed.wait()
        try:
            exchange.reply(exchange.ask_keystone())
        finally:
            self._late.release()


def converges(
    function: Endpoint,
    request: dict[str, Any],
    outage: Outage,
    settings_file: Callable[[str], Path],
    is_so: Callable[[Answer], None],
) -> None:
    """The course of a trial: the call during the outage, and its repeat after it. What is told below 500 must be so."""
    settings_file(f"user_handler: {{deadline: {SHORT if outage.kind in OUTLASTING else LONG}}}")
    outage.begin()
    answer = function(request)
    assert outage.met
    if answer[0] < 500:
        is_so(answer)
    settings_file(f"user_handler: {{deadline: {LONG}}}")
    outage.heal()
    repeated = function(request)
    outage.settle()
    if outage.kind == "late" and repeated[0] >= 500:
        # What acted late took something from under the repeat, which says so; now nothing is left to do that.
        repeated = function(request)
    is_so(repeated)
    # What ends with one call is met within the request, and whoever sent it never learns of it.
    met_within = ("429", "500", "503", "cut before", "cut after", "garbage", "close silently")
    if outage.kind in met_within and not outage.lasting:
        assert answer[0] < 500
    if answer[0] < 400:
        assert answer == repeated
    elif answer[0] < 500:
        assert answer[0] == repeated[0] == 409


def warm_up(request: dict[str, Any]) -> None:
    """Logs in and looks up what a sign-up needs, so that the next one makes no such calls."""
    with call.serving("warm_up") as this:
        this.ends = time.monotonic() + 30
        keystone.look_up_grants(keystone.connect(SignUp.model_validate(request).cloud_env))
