"""The ways in which one call to Keystone goes wrong."""

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

JSON = {"Content-Type": "application/json"}
# Seconds between the bytes of a slow answer.
DRIP = 1


def status(code: int) -> Fault:
    """Something in front of Keystone answers in its place with this status."""
    return lambda exchange: exchange.reply((code, {"Content-Type": "text/html"}, b"<html>try later</html>"))


def cut_before(exchange: Exchange) -> None:
    """The connection closes before Keystone gets the call."""
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
    """The answer is good, and then the cached connection closes without notice, as a bare uWSGI closes it."""
    exchange.reply(exchange.ask_keystone())
    exchange.cut()


def garbage(exchange: Exchange) -> None:
    """What comes is not even HTTP."""
    exchange.send(b"\x16\x03\x01\x00\xff" * 20 + b"\r\n\r\n")
    exchange.cut()


def html(exchange: Exchange) -> None:
    """A page comes with a status of success."""
    exchange.reply((200, {"Content-Type": "text/html"}, b"<html>Down for maintenance</html>"))


def other_json(exchange: Exchange) -> None:
    """A success comes in JSON, from something that is no Keystone."""
    exchange.reply((200, JSON, b'{"status": "ok"}'))


# Something in front of Keystone answers in its place in one of these forms.
FORMS: Mapping[str, tuple[str, bytes]] = {
    "text": ("text/plain", b"default backend"),
    "HTML": ("text/html", b"<html>Something is wrong.</html>"),
    "JSON": ("application/json", b'{"message": "no Route matched"}'),
}
PAGE_STATUSES = (401, 403, 404, 409)


def page(code: int, form: str) -> Fault:
    """Something in front of Keystone refuses the call, and Keystone never gets it."""
    content_type, body = FORMS[form]
    return lambda exchange: exchange.reply((code, {"Content-Type": content_type}, body))


PAGES: Mapping[str, Fault] = {f"{code} {form}": page(code, form) for code in PAGE_STATUSES for form in FORMS}


def page_at(index: int, code: int) -> str:
    """Returns the kind of page for this status and call. The forms take turns, so every status has each form."""
    return f"{code} {[*FORMS][(index + PAGE_STATUSES.index(code)) % len(FORMS)]}"


def drip(exchange: Exchange) -> None:
    """Keystone acts, and its answer arrives at one byte a second."""
    for byte in exchange.as_bytes(exchange.ask_keystone()):
        exchange.send(bytes([byte]))
        if exchange.seen.over.wait(DRIP):
            break
    exchange.cut()


# These faults end within the call. Each comes once, or again at every call that follows.
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

# A fault that outlasts the call's time is the same whether it comes once or again.
OUTLASTING = ("drip", "hang", "late")
# Keystone gets no call while one of these lasts, so what follows is the same for each. Each call meets two in turn.
UNHEARD = ("500", "503", "cut before", "garbage", "html", "other json")
# Only these could mislead a repeat that finds what an earlier request made, so its calls are tried in these ways only.
# Faults that last while Keystone gets no call are tried with pages.
LOST_WAYS = [("cut after", True), ("other json", False), ("late", False)]


def every_way(index: int) -> Iterator[tuple[str, bool]]:
    """Returns the ways in which the call of this number can fail, and whether each lasts."""
    in_turn = {UNHEARD[(2 * index + turn) % len(UNHEARD)] for turn in range(2)}
    yield from ((kind, False) for kind in (*PASSING, *OUTLASTING))
    yield from ((kind, True) for kind in PASSING if kind not in UNHEARD or kind in in_turn)


# Deadlines in seconds: SHORT where the fault outlasts the call, and LONG everywhere else.
SHORT, LONG = 4, 50
# The attributes of a user that say since when a request is, or was, at work on them.
CLAIM_TIMES = ("concertim_claimed", "concertim_taken_over")


@dataclass
class Outage:
    """Spoils the call of this number since the outage began. One that lasts also spoils all calls after it."""

    proxy: Proxy
    kind: str
    index: int
    lasting: bool = False
    met: int = 0
    healed: threading.Event = field(default_factory=threading.Event)
    _late: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def begin(self) -> None:
        """Calls are counted from now on."""
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
        """Keystone answers again as it should."""
        self.healed.set()

    def settle(self) -> None:
        """Waits until Keystone has done what it was asked to do late."""
        if self.kind == "late":
            assert self._late.acquire(timeout=60)

    def hang(self, exchange: Exchange) -> None:
        """No answer comes, and Keystone never gets the call."""
        exchange.seen.over.wait()
        exchange.cut()

    def late(self, exchange: Exchange) -> None:
        """Keystone acts only after the client has given up and has sent its next request."""
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
    """Runs a trial: the call during the outage, and its repeat afterwards.

    Whatever is answered below 500 must be so.
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
        # The late call interfered with the repeat, whose answer says so. No late call is left to interfere again.
        repeated = repeat(function, request)
    is_so(repeated)
    # The request itself repeats a call whose fault has passed, so the client never learns of it. It does not repeat
    # a call that got half an answer, or JSON that is not Keystone's.
    if outage.kind not in (*OUTLASTING, "cut within", "other json") and not outage.lasting:
        assert answer[0] < 500
    if answer[0] < 400:
        assert answer == repeated
    elif answer[0] < 500:
        assert answer[0] == repeated[0] == 409


def is_believed_nowhere(
    function: Endpoint, request: dict[str, Any], outage: Outage, is_so: Callable[[Answer], None]
) -> None:
    """Runs a trial with a page that lasts: it proves nothing, and once it has passed, a repeat finishes."""
    outage.begin()
    answer = function(request)
    assert outage.met
    code, form = outage.kind.split()
    assert answer == unclear(int(code), "JSON of another form" if form == "JSON" else "a page")
    outage.heal()
    is_so(repeat(function, request))


def repeat(function: Endpoint, request: dict[str, Any]) -> Answer:
    """Sends the request once more, and again after a claim that an earlier request left is no longer young."""
    answer = function(request)
    if "has claimed user" in str(answer[1]):
        make_claims_old(request)
        answer = function(request)
    return answer


def make_claims_old(request: dict[str, Any]) -> None:
    """Makes claims an hour older, so that thousands of trials need not wait. Tests in tests/cloud do wait."""
    users = Keystone(request["cloud_env"]["auth_url"]).admin.users
    for user in users.list(name=f"concertim_{request['username']}"):
        times = {name: value for name, value in user.to_dict().items() if name in CLAIM_TIMES and value}
        old = {name: (datetime.fromisoformat(value) - timedelta(hours=1)).isoformat() for name, value in times.items()}
        users.update(user.id, **old)


def pages_once(proxy: Proxy, turn: int) -> None:
    """Answers each call with a page when it is first asked. Over the four turns, a call meets every status and form.

    The proof of a person's password is left out, because it is tried only once.
    """
    asked: Counter[tuple[str, str]] = Counter()

    def instead(method: str, path: str) -> Fault | None:
        call_ = method, proxy.targets[-1]
        asked[call_] += 1
        # A log-in of cloud_env's account comes first, twice at the most.
        is_proof = path == "/auth/tokens" and len(proxy.calls) > 2
        kind = page_at(len(asked), PAGE_STATUSES[(len(asked) + turn) % len(PAGE_STATUSES)])
        return PAGES[kind] if asked[call_] % 2 and not is_proof else None

    proxy.calls.clear()
    proxy.instead = instead


def warm_up(request: dict[str, Any]) -> None:
    """Logs in and looks up what a sign-up needs, so that the next one makes no such calls."""
    with call.serving("warm_up") as this:
        this.ends = time.monotonic() + 30
        look_up_grants(connect(SignUp.model_validate(request).cloud_env))
