"""Provides the faults that can happen to a call to Keystone, and the course of a trial with one of them."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lib import call
from lib.endpoint import Answer, Endpoint
from lib.keystone.connect import connect
from lib.keystone.grants import look_up_grants
from lib.request.users import SignUp
from tests.support.answers import unclear
from tests.support.keystone import Keystone
from tests.support.proxy import Answered, Exchange, Fault, Proxy
from tests.support.service import Service

JSON = {"Content-Type": "application/json"}
# This many seconds pass between the bytes of an answer that drips.
DRIP = 1


def status(code: int) -> Fault:
    """Returns a fault that answers with this status, as a proxy might. Keystone never receives the call."""
    return lambda exchange: exchange.reply((code, {"Content-Type": "text/html"}, b"<html>try later</html>"))


def cut_before(exchange: Exchange) -> None:
    """Closes the connection before Keystone receives the call."""
    exchange.cut()


def cut_after(exchange: Exchange) -> None:
    """Lets Keystone execute the call, and closes the connection without its answer."""
    exchange.ask_keystone()
    exchange.cut()


def cut_within(exchange: Exchange) -> None:
    """Lets Keystone execute the call, and sends only half of its answer."""
    data = exchange.as_bytes(exchange.ask_keystone())
    exchange.send(data[: len(data) // 2])
    exchange.cut()


def close_silently(exchange: Exchange) -> None:
    """Sends Keystone's answer and then closes the connection without telling so, as a uWSGI without a proxy does."""
    exchange.reply(exchange.ask_keystone())
    exchange.cut()


def garbage(exchange: Exchange) -> None:
    """Sends bytes that are not HTTP."""
    exchange.send(b"\x16\x03\x01\x00\xff" * 20 + b"\r\n\r\n")
    exchange.cut()


def html(exchange: Exchange) -> None:
    """Sends an HTML page with the status 200."""
    exchange.reply((200, {"Content-Type": "text/html"}, b"<html>Down for maintenance</html>"))


def other_json(exchange: Exchange) -> None:
    """Sends a success in JSON that does not have the form of Keystone's answers."""
    exchange.reply((200, JSON, b'{"status": "ok"}'))


# Proxies, filters and gateways before Keystone answer in its place in one of these forms.
FORMS: Mapping[str, tuple[str, bytes]] = {
    "text": ("text/plain", b"default backend"),
    "HTML": ("text/html", b"<html>Something is wrong.</html>"),
    "JSON": ("application/json", b'{"message": "no Route matched"}'),
}
PAGE_STATUSES = (401, 403, 404, 409)


def page(code: int, form: str) -> Fault:
    """Returns a fault that refuses the call in another form than Keystone's. Keystone never receives the call."""
    content_type, body = FORMS[form]
    return lambda exchange: exchange.reply((code, {"Content-Type": content_type}, body))


PAGES: Mapping[str, Fault] = {f"{code} {form}": page(code, form) for code in PAGE_STATUSES for form in FORMS}


def page_at(index: int, code: int) -> str:
    """Returns the kind of page for this status and call. The forms take turns, so every status has each form."""
    return f"{code} {[*FORMS][(index + PAGE_STATUSES.index(code)) % len(FORMS)]}"


def drip(exchange: Exchange) -> None:
    """Lets Keystone execute the call, and sends its answer one byte a second."""
    for byte in exchange.as_bytes(exchange.ask_keystone()):
        exchange.send(bytes([byte]))
        if exchange.seen.over.wait(DRIP):
            break
    exchange.cut()


def kills(service: Service, moment: str) -> Fault:
    """Returns a fault that kills the service at this moment of the call: `as it is asked`, or `when it has acted`."""

    def kill(exchange: Exchange) -> None:
        if moment == "when it has acted":
            exchange.ask_keystone()
        service.process.kill()
        service.process.wait()
        exchange.cut()

    return kill


# These faults end within the call's time. They are tried at one call, or at one and all that follow.
PASSING: Mapping[str, Fault] = {
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

# These outlast the request's deadline, so no call follows for which it matters whether they are lasting.
OUTLASTING = ("drip", "hang", "late")
# Keystone does not receive a call with one of these faults, so they all have the same effect while they last. For each
# call, two of them take their turn as lasting faults.
UNHEARD = ("500", "503", "cut before", "garbage", "html", "other json")
# All requests but a sign-up that finds nothing are tried in these ways only, as these are the ones that could mislead a
# repeat. Lasting faults in which Keystone receives nothing are tried with pages.
LOST_WAYS = [("cut after", True), ("other json", False), ("late", False)]


def every_way(index: int) -> Iterator[tuple[str, bool]]:
    """Yields the kinds of fault to try at the call of this number, each with whether it lasts."""
    in_turn = {UNHEARD[(2 * index + turn) % len(UNHEARD)] for turn in range(2)}
    yield from ((kind, False) for kind in (*PASSING, *OUTLASTING))
    yield from ((kind, True) for kind in PASSING if kind not in UNHEARD or kind in in_turn)


# The deadline, in seconds, is short in trials whose fault lasts until it passes, and long in all others.
SHORT, LONG = 4, 50
# These attributes of a user hold the time at which a request claimed or took over the user.
CLAIM_TIMES = ("concertim_claimed", "concertim_taken_over")


@dataclass
class Outage:
    """Applies a fault to one call, counted from `begin`, and if it is lasting also to all that follow, until `heal`."""

    proxy: Proxy
    kind: str
    index: int
    lasting: bool = False
    met: int = 0
    healed: threading.Event = field(default_factory=threading.Event)
    _late: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def begin(self) -> None:
        """Starts to count the calls."""
        first = len(self.proxy.calls) + self.index
        faults = {**PASSING, **PAGES, "drip": drip, "hang": self.hang, "late": self.late}

        def instead(_method: str, _path: str) -> Answered | Fault | None:
            number = len(self.proxy.calls) - 1
            hit = number == first or (self.lasting and number > first)
            if self.healed.is_set() or not hit:
                return None
            self.met += 1
            return faults[self.kind]

        self.proxy.instead = instead

    def heal(self) -> None:
        """Ends the outage, so that all further calls succeed."""
        self.healed.set()

    def settle(self) -> None:
        """Waits until Keystone has executed the call that was delayed."""
        if self.kind == "late":
            assert self._late.acquire(timeout=60)

    def hang(self, exchange: Exchange) -> None:
        """Sends no answer. Keystone never receives the call."""
        exchange.seen.over.wait()
        exchange.cut()

    def late(self, exchange: Exchange) -> None:
        """Delays the call until `heal`. By then its request has given up, and the repeat is on its way."""
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
    """Sends a request during the outage and repeats it afterwards.

    Asserts with `is_so` that the repeat keeps the promise, and so does the first answer if it is below 500.
    """
    settings_file(f"user_handler: {{deadline: {SHORT if outage.kind in OUTLASTING else LONG}}}")
    outage.begin()
    answer = function(request)
    assert outage.met
    if answer[0] < 500:
        is_so(answer)
    settings_file(f"user_handler: {{deadline: {LONG}}}")
    outage.heal()
    repeated = repeat(function, request)
    outage.settle()
    if outage.kind == "late" and repeated[0] >= 500:
        # The delayed call was executed during the repeat and made it fail. No such call is left for a second repeat.
        repeated = repeat(function, request)
    is_so(repeated)
    # A call that fails once is retried within the request, so the client never learns of it. Half an answer and JSON of
    # another form are not retried.
    if outage.kind not in (*OUTLASTING, "cut within", "other json") and not outage.lasting:
        assert answer[0] < 500
    # A repair, which is answered 200, finds nothing to do in the end.
    if answer[0] == 201:
        assert answer == repeated
    elif 400 <= answer[0] < 500:
        assert answer[0] == repeated[0] == 409


def is_believed_nowhere(
    function: Endpoint, request: dict[str, Any], outage: Outage, is_so: Callable[[Answer], None]
) -> None:
    """Asserts that a request which meets a lasting page is answered 502, and that a repeat finishes once it is gone."""
    outage.begin()
    answer = function(request)
    assert outage.met
    code, form = outage.kind.split()
    assert answer == unclear(int(code), "JSON of another form" if form == "JSON" else "a page")
    outage.heal()
    is_so(repeat(function, request))


def repeat(function: Endpoint, request: dict[str, Any]) -> Answer:
    """Repeats the request. If an earlier one has left a claim, makes the claim old and repeats the request again."""
    answer = function(request)
    if "has claimed user" in str(answer[1]):
        make_claims_old(request)
        answer = function(request)
    return answer


def make_claims_old(request: dict[str, Any]) -> None:
    """Sets the claims of the login back by an hour, so that trials need not wait, as some tests in tests/cloud do."""
    users = Keystone(request["cloud_env"]["auth_url"]).admin.users
    for user in users.list(name=f"concertim_{request['username']}"):
        times = {name: value for name, value in user.to_dict().items() if name in CLAIM_TIMES and value}
        old = {name: (datetime.fromisoformat(value) - timedelta(hours=1)).isoformat() for name, value in times.items()}
        users.update(user.id, **old)


def pages_once(proxy: Proxy, turn: int) -> None:
    """Answers each call with a page the first time that it is made, and lets its retry pass.

    Over all turns, each call gets every status and every form. The proof of a person's password gets no page, because
    it is not retried.
    """
    asked: Counter[tuple[str, str]] = Counter()

    def instead(method: str, path: str) -> Fault | None:
        call_ = method, proxy.targets[-1]
        asked[call_] += 1
        # The first two calls can be log-ins of cloud_env's account. A later log-in is that of a person.
        is_proof = path == "/auth/tokens" and len(proxy.calls) > 2
        kind = page_at(len(asked), PAGE_STATUSES[(len(asked) + turn) % len(PAGE_STATUSES)])
        return PAGES[kind] if asked[call_] % 2 and not is_proof else None

    proxy.calls.clear()
    proxy.instead = instead


def warm_up(request: dict[str, Any]) -> None:
    """Fills the caches with a log-in and the look-ups of a sign-up, so that the next one makes no such calls."""
    with call.serving("warm_up") as this:
        this.ends = time.monotonic() + 30
        look_up_grants(connect(SignUp.model_validate(request).cloud_env))
