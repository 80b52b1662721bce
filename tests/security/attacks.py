"""Requests to every path of the service, and a Keystone that says back whatever it was told."""

import html
import itertools
import json
import threading
from base64 import b64encode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from tests.support.bodies import Body, Given, Route, body_of, fields_of, ids_of
from tests.support.keystone import Keystone
from tests.support.proxy import Answered, Exchange, Fault, proxy


def asking(route: Route, login: str, user_id: str, project_id: str, password: str) -> Body:
    """Returns a request to this path. The password is in a field that nobody reads if the path has no field for one.

    It names objects that exist, because then more is asked of Keystone. A request that creates gets none of them.
    """
    given = Given(f"{login}-2" if ("username",) in fields_of(route) else login, user_id, project_id, password)
    ids = [] if ("username",) in fields_of(route) or ("name",) in fields_of(route) else ids_of(route)
    return {"password": password} | body_of(route, given, *ids)


@dataclass
class Rehearsal:
    """The calls that a request makes of a real Keystone when all goes well, with what Keystone answered to each."""

    body: Body
    answers: dict[tuple[str, str], list[Answered]] = field(default_factory=lambda: defaultdict(list))

    def calls(self) -> int:
        """The number of calls."""
        return sum(map(len, self.answers.values()))

    def tokens(self) -> list[str]:
        """The tokens that Keystone issued."""
        given = [answered for answers in self.answers.values() for answered in answers]
        return [value for _, headers, _ in given for name, value in headers.items() if name == "X-Subject-Token"]


@contextmanager
def rehearsing(cloud: Keystone) -> Iterator[tuple[str, Rehearsal]]:
    """Yields the URL of a proxy in front of this Keystone, and a record of the calls that Keystone gets through it."""
    heard = Rehearsal({})

    def listen(exchange: Exchange) -> None:
        answered = exchange.ask_keystone()
        heard.answers[exchange.command, exchange.path].append(answered)
        exchange.reply(answered)

    with proxy(cloud.auth_url) as before:
        before.instead = lambda _method, _path: listen
        yield before.auth_url, heard


@dataclass
class Trial:
    """One request: Keystone answers as rehearsed up to the call of this number, and then with the attack."""

    rehearsal: Rehearsal
    index: int
    attack: "Attack"
    turn: int
    """The way of quoting with which the attack begins. It varies because only the beginning of a text may be used."""
    secrets: list[str] = field(default_factory=list)
    """The passwords that the service has told until now."""
    _asked: int = 0
    _given: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, exchange: Exchange) -> None:
        """Serves the next call."""
        asked = exchange.command, "/v3" + exchange.path.partition("/v3")[2]
        heard = [] if exchange.command == "GET" else [*_passwords(json.loads(exchange.body or b"{}"))]
        with self._lock:
            self.secrets += [one for one in heard if one not in self.secrets]
            number, self._asked = self._asked, self._asked + 1
            given, self._given[asked] = self._given[asked], self._given[asked] + 1
        rehearsed = self.rehearsal.answers.get(asked)
        if number >= self.index or not rehearsed:
            self.attack(exchange, self)
        else:
            exchange.reply(rehearsed[min(given, len(rehearsed) - 1)])

    def told(self, exchange: Exchange) -> str:
        """Returns all that the service has sent, in every way in which servers quote it."""
        request = exchange.body.decode()
        quoted = [request, repr(exchange.body), repr(request), json.dumps(request), repr(dict(exchange.headers))]
        for secret in (*self.secrets, str(exchange.headers.get("X-Auth-Token"))):
            data = secret.encode()
            quoted += [secret, repr(secret), repr(data), json.dumps(secret), json.dumps(secret, ensure_ascii=False)]
            quoted += [quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)]
            quoted += [b64encode(data).decode(), urlsafe_b64encode(data).decode()]
        first = self.turn % len(quoted)
        return " | ".join(quoted[first:] + quoted[:first])


def _passwords(told: Any) -> Iterator[str]:
    for name, value in told.items() if isinstance(told, dict) else ():
        if name == "password" and isinstance(value, str):
            yield value
        yield from _passwords(value)


Attack = Callable[[Exchange, Trial], None]


def _as_keystone(status: int) -> Attack:
    """Attacks with an error in Keystone's own form, and with a password in place of Keystone's request id."""

    def answer(exchange: Exchange, trial: Trial) -> None:
        error = {"code": status, "message": trial.told(exchange), "title": trial.told(exchange)}
        request_id = quote(trial.secrets[trial.turn % len(trial.secrets)])
        headers = {"Content-Type": "application/json", "x-openstack-request-id": request_id}
        exchange.reply((status, headers, json.dumps({"error": error}).encode()))

    return answer


def _as_page(status: int, content_type: str = "text/html") -> Attack:
    """Attacks with an answer in any other form, and with a redirect in its headers."""

    def answer(exchange: Exchange, trial: Trial) -> None:
        told = trial.told(exchange)
        headers = {"Content-Type": content_type, "Location": f"{exchange.seen.auth_url}/{quote(told)}"}
        exchange.reply((status, headers, told.encode()))

    return answer


def silence(exchange: Exchange, _: Trial) -> None:
    """Attacks with silence until the stage is cleared."""
    exchange.seen.over.wait()
    exchange.cut()


def _not_http(exchange: Exchange, trial: Trial) -> None:
    exchange.send(trial.told(exchange).encode() + b"\r\n\r\n")
    exchange.cut()


def _in_a_header(exchange: Exchange, trial: Trial) -> None:
    """Attacks with a header that cannot be parsed, about which HTTP libraries complain."""
    exchange.send(b"HTTP/1.1 200 OK\r\n" + trial.told(exchange).encode() + b"\r\n\r\n{}")
    exchange.cut()


ATTACKS: dict[str, Attack] = {
    **{f"Keystone's {status}": _as_keystone(status) for status in (200, 400, 401, 403, 404, 409, 500, 503)},
    "a page": _as_page(200),
    "a page of 502": _as_page(502),
    "a redirect": _as_page(302),
    "JSON that is none": _as_page(200, "application/json"),
    "not HTTP": _not_http,
    "a broken header": _in_a_header,
    "a cut": lambda exchange, _: exchange.cut(),
}


class Stage:
    """A server on which many trials run in parallel, each under a path of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._playing: dict[str, Fault] = {}
        self._numbers = itertools.count()

    def add(self, answer: Fault) -> str:
        """Adds a trial, and returns the auth_url at which it answers."""
        name = str(next(self._numbers))
        self._playing[name] = answer
        return f"{self.url}/{name}"

    def instead(self, _method: str, path: str) -> Fault:
        """Serves what reaches the proxy."""
        return self._playing[path.split("/")[1]]


@contextmanager
def stage() -> Iterator[Stage]:
    """Runs a stage on a port of loopback."""
    # No Keystone is behind it.
    with proxy("http://127.0.0.1:9/v3") as server:
        playing = Stage(server.auth_url.removesuffix(urlsplit(server.auth_url).path))
        server.instead = playing.instead
        yield playing
