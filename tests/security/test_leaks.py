"""Tests that no secret of a request reaches the log, standard output or error, an answer or the process arguments."""

import base64
import itertools
import json
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

import handler
from functions.change_user_details import change_user_details
from functions.create_user_project import create_user_project
from lib import call
from lib.answer.body import Done
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.request.model import CloudEnv
from lib.request.users import SignUp
from lib.settings.loading import load
from tests.contract.ui import token
from tests.security.attacks import ATTACKS, Rehearsal, Stage, Trial, asking, rehearsing, silence, stage
from tests.security.canaries import Canary, canaries, hits
from tests.support.answers import refusal
from tests.support.bodies import FAILING
from tests.support.keystone import ADMIN_PASSWORD, Keystone
from tests.support.proxy import Answered, Exchange, Fault, Proxy
from tests.support.service import Service, service

JSON = {"Content-Type": "application/json"}

JWT_SECRET = secrets.token_hex(32)
# The service serves this many requests concurrently, so the tests send no more.
AT_ONCE = 16
PATHS = [pytest.param(*route, id=" ".join(route)) for route in FAILING]
ERROR = {"error", "message", "request_id"}


@dataclass
class Besieged:
    """A running service, and all that it has written and answered."""

    running: Service
    log: Path
    canaries: list[Canary]
    playing: Stage
    answers: list[bytes] = field(default_factory=list)
    tokens: list[str] = field(default_factory=lambda: [JWT_SECRET])

    def __post_init__(self) -> None:
        """Reads the arguments of the process, which is only possible while it runs."""
        self.arguments = Path(f"/proc/{self.running.process.pid}/cmdline").read_bytes()

    def ask(self, method: str, path: str, **more: Any) -> int:
        """Sends a request, keeps the answer with its headers, and returns the status."""
        bearer = token(JWT_SECRET)
        self.tokens.append(bearer)
        headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"} | more.pop("headers", {})
        answer = requests.request(method, f"{self.running.url}{path}", timeout=60, headers=headers, **more)
        told = ERROR if answer.status_code >= 400 else {*handler.ROUTES[method, path].answer.model_fields}
        assert (answer.status_code, set(answer.json())) == (answer.status_code, told)
        self.answers.append(repr(answer.headers).encode() + answer.content)
        return answer.status_code

    def outputs(self) -> list[bytes]:
        """Returns all that the service has written, its arguments and its answers."""
        logs = [part.read_bytes() for part in self.log.parent.glob(f"{self.log.name}*")]
        assert any(logs), "nothing would be found in a log that is not there"
        out = [self.running.said().encode(), self.running.complained().encode(), self.arguments]
        return [*logs, *out, b"\n".join(self.answers)]

    def hits(self) -> list[bytes]:
        """Returns an excerpt for each part of a secret or token that is found in the outputs."""
        traces = [trace for canary in self.canaries for trace in canary.traces()]
        return hits([*traces, *(one.encode() for one in self.tokens)], self.outputs())

    def holds(
        self, ask: Callable[[Any], int], trials: Iterable[Any], paths: int, record: Callable[[str, object], None]
    ) -> Counter[int]:
        """Runs the trials in parallel, asserts that no part of a secret is in the outputs, and counts the statuses."""
        before = len(self.answers)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            statuses = Counter(threads.map(ask, trials))
        found = self.hits()
        record("tried", (len(self.canaries), paths, len(self.answers) - before, len(found)))
        assert found == [], "\n".join(map(repr, found))
        return statuses


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """Runs a service that requires tokens and logs at level debug."""
    folder = tmp_path_factory.mktemp("besieged")
    config = folder / "config.yaml"
    config.write_text(
        f"log_level: debug\nuser_handler: {{log_file: {folder}/log, max_concurrent_requests: {AT_ONCE}, deadline: 10}}"
    )
    with stage() as playing, service("--config", str(config), JWT_SECRET=JWT_SECRET) as running:
        yield Besieged(running, folder / "log", canaries(), playing)


def rehearse(cloud: Keystone, login: str, method: str, path: str) -> Rehearsal:
    """Records the calls that a request to this path makes to a real Keystone, about a user and a project that exist."""
    env = cloud.cloud_env()
    status, made = create_user_project({"cloud_env": env, "username": login, "password": "correct-horse"})
    assert status == 201
    assert isinstance(made, dict)
    request = asking((method, path), login, made["user_id"], made["project_id"], "battery-staple")
    with rehearsing(cloud) as (auth_url, heard):
        handler.ROUTES[method, path]({"cloud_env": env | {"auth_url": auth_url}, **request})
    assert heard.calls() > 1
    heard.body = {"cloud_env": env, **request}
    return heard


def with_secrets(body: dict[str, Any], cloud_password: str, password: str) -> dict[str, Any]:
    """Returns the body with these passwords in place of the rehearsed ones."""
    text = json.dumps(body)
    assert ADMIN_PASSWORD in text
    assert "battery-staple" in text
    text = text.replace(json.dumps(ADMIN_PASSWORD), json.dumps(cloud_password))
    body = json.loads(text.replace('"battery-staple"', json.dumps(password)))
    assert isinstance(body, dict)
    return body


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_no_secret_gets_out_whatever_keystone_says(
    besieged: Besieged,
    cloud: Keystone,
    login: str,
    record_property: Callable[[str, object], None],
    method: str,
    path: str,
) -> None:
    """No secret gets out even if Keystone, at any call, quotes all that it was sent, in every form and spelling."""
    rehearsal = rehearse(cloud, login, method, path)
    besieged.tokens += rehearsal.tokens()
    pairs = [*zip(besieged.canaries[::2], besieged.canaries[1::2], strict=True)]
    trials = [
        (index, attack, first, second)
        for index in range(rehearsal.calls())
        for attack in ATTACKS
        for first, second in pairs
    ]
    # In these trials no call is attacked, because a successful request must not leak its secrets, either.
    trials += [(rehearsal.calls(), next(iter(ATTACKS)), first, second) for first, second in pairs]

    def play(turn: int) -> int:
        index, attack, first, second = trials[turn]
        given = first.secret, second.secret
        auth_url = besieged.playing.add(Trial(rehearsal, index, ATTACKS[attack], turn).answer)
        body = with_secrets(rehearsal.body, *given)
        return besieged.ask(method, path, json=body | {"cloud_env": body["cloud_env"] | {"auth_url": auth_url}})

    statuses = besieged.holds(play, range(len(trials)), rehearsal.calls() * len(ATTACKS) + 1, record_property)
    # A sign-up cannot succeed here: it checks that the user's mark has its request id, which a rehearsal cannot have.
    assert path == "/create_user_project" or statuses[200] + statuses[201] >= len(pairs)
    assert statuses[403]
    assert statuses[502]


@pytest.mark.timeout(300)
def test_no_secret_gets_out_when_time_or_slots_run_out(
    cloud: Keystone,
    login: str,
    besieged: Besieged,
    tmp_path: Path,
) -> None:
    """No secret gets out if Keystone stays silent at any call, the service is overloaded, or the service stops.

    Each call is tried with one pair of secrets only, because it lasts until the deadline.
    """
    config = tmp_path / "config.yaml"
    limits = f"log_file: {tmp_path}/log, log_format: json, deadline: 2, stop_grace: 1, max_concurrent_requests: 8"
    config.write_text(f"log_level: debug\nuser_handler: {{{limits}}}")
    rehearsals = [rehearse(cloud, f"{login}-{number}", *route) for number, route in enumerate(FAILING)]
    pairs = itertools.cycle(zip(besieged.canaries[::2], besieged.canaries[1::2], strict=True))
    trials = [
        (route, rehearsal, index, next(pairs))
        for route, rehearsal in zip(FAILING, rehearsals, strict=True)
        for index in range(rehearsal.calls())
    ]
    with service("--config", str(config), JWT_SECRET=JWT_SECRET) as running, ThreadPoolExecutor(24) as threads:
        hurried = Besieged(running, tmp_path / "log", besieged.canaries, besieged.playing, tokens=besieged.tokens)

        def play(trial: tuple[tuple[str, str], Rehearsal, int, tuple[Canary, Canary]]) -> int:
            (method, path), rehearsal, index, pair = trial
            auth_url = hurried.playing.add(Trial(rehearsal, index, silence, 0).answer)
            body = with_secrets(rehearsal.body, *(one.secret for one in pair))
            try:
                return hurried.ask(method, path, json=body | {"cloud_env": body["cloud_env"] | {"auth_url": auth_url}})
            except requests.ConnectionError:
                return 0

        statuses = Counter(threads.map(play, trials * 2))
        last = [threads.submit(play, trial) for trial in trials[:8]]
        time.sleep(0.5)
        assert running.stop() == 0
        stopped = Counter(one.result() for one in last)
        found = hurried.hits()
    assert set(statuses) == {503, 504}
    assert stopped[503]
    assert found == [], "\n".join(map(repr, found))


# Each of these says, in keywords of requests, how to send a body so that it is refused before Keystone is asked.
SPOILT: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "cut short": lambda data: {"data": data[:-2]},
    "cut in a secret": lambda data: {"data": data[: data.index(b'"password"') + 20]},
    "not UTF-8": lambda data: {"data": data + b"\xff"},
    "a number too long": lambda data: {"data": data[:-1] + b', "x": ' + b"9" * 5000 + b"}"},
    "NaN": lambda data: {"data": data[:-1] + b', "x": NaN}'},
    "repeated": lambda data: {"data": data[:-1] + b"," + data[1:]},
    "in an array": lambda data: {"data": b"[" + data + b"]"},
    "in text": lambda data: {"data": json.dumps(data.decode())},
    "nested": lambda data: {"data": b'{"x": ' * 100_000 + data + b"}" * 100_000},
    "too large": lambda data: {"data": data + b" " * 70_000},
    "in chunks": lambda data: {"data": iter([data[:50], data[50:], b"x"])},
    "a form": lambda data: {"data": data, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    "no token": lambda data: {"data": data, "headers": {"Authorization": ""}},
    "Basic": lambda data: {"data": data, "auth": ("x", json.loads(data)["cloud_env"]["password"].encode())},
    "a token of another": lambda data: {"data": data, "headers": {"Authorization": f"Bearer {token('x' * 32)}"}},
    "a token made of it": lambda data: {
        "data": data,
        "headers": {"Authorization": f"Bearer {token(json.loads(data)['cloud_env']['password'])}"},
    },
}

# Each of these makes cloud_env wrong in one way.
WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a URL with it": lambda env: env | {"auth_url": f"http://x:{quote(env['password'], safe='')}@127.0.0.1:9/v3"},
    "a URL after it": lambda env: env | {"auth_url": f"{env['password']}http://127.0.0.1:9/v3"},
    "a URL under it": lambda env: env | {"auth_url": f"http://127.0.0.1:9/{quote(env['password'], safe='')}/v3"},
    "in an object": lambda env: env | {"password": {"password": env["password"]}},
    "in an array": lambda env: env | {"password": [env["password"]]},
    "over and over": lambda env: env | {"password": env["password"] * 9},
    "with half a character": lambda env: env | {"password": env["password"] + "\ud800"},
    "no user": lambda env: {"auth_url": env["auth_url"], "password": env["password"]},
    "text": lambda env: env["password"],
    "an array": lambda env: [env["password"]],
    "nobody there": lambda env: env | {"auth_url": "http://127.0.0.1:9/v3"},
    "a metadata service": lambda env: env | {"auth_url": "http://169.254.169.254/"},
    "a wrong password": lambda env: env,
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_no_secret_gets_out_of_a_request_that_is_wrong(
    besieged: Besieged,
    cloud: Keystone,
    login: str,
    record_property: Callable[[str, object], None],
    method: str,
    path: str,
) -> None:
    """No secret of a wrong request gets out, whether its bytes, headers or values are wrong, or its Keystone."""

    def ask(spoiling: str, first: Canary, second: Canary) -> int:
        rest = asking((method, path), login, "0" * 32, "1" * 32, second.secret)
        env = cloud.cloud_env() | {"password": first.secret}
        if spoiling in SPOILT:
            return besieged.ask(method, path, **SPOILT[spoiling](json.dumps({"cloud_env": env, **rest}).encode()))
        if spoiling == "no such path":
            return besieged.ask(method, f"{path}s", json={"cloud_env": env, **rest})
        if spoiling == "no such method":
            return besieged.ask("PUT", path, json={"cloud_env": env, **rest})
        return besieged.ask(method, path, data=json.dumps({"cloud_env": WRONG[spoiling](env), **rest}))

    spoilings = [*SPOILT, "no such path", "no such method", *WRONG]
    pairs = [*zip(besieged.canaries, [*besieged.canaries[1:], besieged.canaries[0]], strict=True)]
    trials = [(spoiling, *pair) for spoiling in spoilings for pair in pairs]
    statuses = besieged.holds(lambda trial: ask(*trial), trials, len(spoilings), record_property)
    assert set(statuses) == {400, 401, 403, 404, 405, 413, 415, 502}


@pytest.mark.parametrize("canary", canaries(), ids=lambda canary: canary.kind)
def test_the_search_finds_what_it_looks_for(canary: Canary) -> None:
    """The search finds a secret in every quoting and nothing in random text, so the tests above can be relied on."""
    data = canary.secret.encode()
    quotings = [canary.secret, json.dumps(canary.secret), repr(repr(canary.secret)), quote(quote(canary.secret))]
    quotings += [base64.b64encode(b"x" * offset + data + b"y").decode() for offset in range(4)]
    quotings += [canary.words[-2], base64.urlsafe_b64encode(data).decode()]
    for quoting in quotings:
        assert hits(canary.traces(), [b"before " + quoting.encode() + b" after"])
    assert hits(canary.traces(), [b"before ", secrets.token_hex(1000).encode()]) == []


@pytest.mark.parametrize("canary", canaries(), ids=lambda canary: canary.kind)
def test_an_awkward_secret_is_a_password_like_any_other(
    cloud: Keystone, request_of: Callable[..., dict[str, Any]], login: str, canary: Canary
) -> None:
    """A sign-up works if both the account in cloud_env and the person have an awkward password, which logs them in."""
    [admin] = cloud.admin.roles.list(name="admin")
    owner = cloud.admin.users.create(f"owner-{login}", domain="default", password=canary.secret)
    home = cloud.admin.projects.create(f"home-{login}", domain="default")
    cloud.admin.roles.grant(admin.id, user=owner.id, project=home.id)
    env = {"auth_url": cloud.auth_url, "user_id": owner.id, "project_id": home.id, "password": canary.secret}
    request = request_of(cloud_env=env, password=canary.secret)
    status, body = create_user_project(request)
    assert (status, create_user_project(request)) == (201, (201, body))
    assert isinstance(body, dict)
    person = cloud.client(user_id=body["user_id"], password=canary.secret, project_id=body["project_id"])
    assert person.session.get_token()


def test_libraries_that_log_everything_log_no_secret(
    cloud: Keystone, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Keystone's libraries log no secret that they are passed, even on a host that records every logger at debug."""
    [canary] = [one for one in canaries() if one.kind == "quotes"]
    env = cloud.cloud_env()
    with caplog.at_level(logging.DEBUG):
        status, made = create_user_project({"cloud_env": env, "username": login, "password": canary.secret})
        assert status == 201
        assert isinstance(made, dict)
        info = {"cloud_user_id": made["user_id"], "new_data": {"password": canary.secret}}
        assert change_user_details({"cloud_env": env, "user_info": info})[0] == 201
        wrong = {"cloud_env": env | {"password": canary.secret}, "username": login, "password": canary.secret}
        assert create_user_project(wrong)[0] == 403
    assert "keystoneauth" in {record.name.partition(".")[0] for record in caplog.records}
    assert hits([*canary.traces(), ADMIN_PASSWORD.encode()], [caplog.text.encode()]) == []


def test_secrets_show_in_no_repr(cloud: Keystone, settings_file: Callable[[str], Path]) -> None:
    """Requests, settings, calls and connections show no secret in repr and str, nor do the first two in JSON."""
    [canary] = [one for one in canaries() if one.kind == "hyphens"]
    env = CloudEnv.model_validate(cloud.cloud_env() | {"auth_url": cloud.auth_url})
    request = SignUp.model_validate({"cloud_env": cloud.cloud_env(), "username": "ann", "password": canary.secret})
    settings = load(settings_file(""), secret=canary.secret).settings
    with call.serving("test") as this:
        this.ends = time.monotonic() + 30
        connection = connect(env)
    shown = [repr(one) + str(one) for one in (env, request, request.password, settings, this, connection)]
    assert hits([*canary.traces(), ADMIN_PASSWORD.encode()], [one.encode() for one in shown]) == []
    dumped = request.model_dump_json() + settings.model_dump_json()
    assert hits([*canary.traces(), ADMIN_PASSWORD.encode()], [dumped.encode()]) == []


@pytest.mark.parametrize("canary", canaries(), ids=lambda canary: canary.kind)
def test_a_bug_that_quotes_a_secret_lets_nothing_of_it_out(canary: Canary, caplog: pytest.LogCaptureFixture) -> None:
    """The answer and the log of a bug have no part of a secret, however often the exception's text has quoted it."""
    quotings = [canary.secret, repr(repr(json.dumps({"x": canary.secret}))), quote(quote(quote(canary.secret)))]

    @endpoint
    def buggy(request: SignUp) -> Done:
        raise ValueError(quotings.pop())

    env = {"auth_url": "http://127.0.0.1:9", "user_id": "x", "project_id": "x", "password": "another"}
    while quotings:
        status, body = buggy({"cloud_env": env, "username": "ann", "password": canary.secret})
        assert status == 500
        assert hits(canary.traces(), [caplog.text.encode(), repr(body).encode()]) == []
    assert "ValueError" in caplog.text


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("пароль-ключ", "&#1087;&#1072;&#1088;&#1086;&#1083;&#1100;-&#1082;&#1083;&#1102;&#1095;"),
        ("пароль-ключ", "%d0%bf%d0%b0%d1%80%d0%be%d0%bb%d1%8c-%d0%ba%d0%bb%d1%8e%d1%87"),
        ("пароль-ключ", "\\u043F\\u0430\\u0440\\u043E\\u043B\\u044C-\\u043A\\u043B\\u044E\\u0447"),
        ("🔑🔑🔑🔑", "\\uD83D\\uDD11\\uD83D\\uDD11\\uD83D\\uDD11\\uD83D\\uDD11"),
        ("!?#$%&/()=!", "!?#$%&\\/()=!"),
        ("!?#$%&/()=!", "&#33;&#63;&#35;&#36;&#37;&#38;&#47;&#40;&#41;&#61;&#33;"),
        *(("hunter2-xy", " " * before + "hunter2-xy") for before in (14_995, 15_991)),
        ("correct-horse", "x" * 100 + "&#" + "9" * 5000 + " correct-horse"),
    ],
)
def test_what_keystone_says_of_a_secret_in_any_spelling_is_left_out(
    before: Proxy, through: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture, secret: str, said: str
) -> None:
    """A secret in Keystone's text is left out in any spelling, at the end of what is read, and if decoding fails."""
    before.instead = lambda _method, path: refusal(400, said) if path == "/users" else None
    status, body = create_user_project(through(password=secret))
    assert isinstance(body, dict)
    assert (status, body["error"]) == (400, "bad_request")
    for shown in (body["message"], *caplog.messages):
        assert secret[:9] not in shown
        assert said.strip()[:40] not in shown


@pytest.mark.parametrize(
    ("where", "answered"),
    [
        ("the name of a user", (409, "name_taken")),
        ("the token of the person", (400, "bad_request")),
        ("a very long name", (502, "not_a_keystone")),
    ],
)
def test_what_keystone_gives_is_shown_without_secrets(
    before: Proxy,
    through: Callable[..., dict[str, Any]],
    login: str,
    caplog: pytest.LogCaptureFixture,
    where: str,
    answered: tuple[int, str],
) -> None:
    """Names and tokens that Keystone returns are masked and shortened in answers and logs like its texts."""
    token_of_the_person = "gAAAAAB-of-the-person-0123456789"
    name = "x" * 4_000_000 if where == "a very long name" else f"it is {ADMIN_PASSWORD} and correct-horse"
    user = {"id": "0" * 32, "name": name, "domain_id": "default", "enabled": False, "concertim_kind": "user"}
    user |= {"concertim_name": login}
    known, listed = json.dumps({"user": user}).encode(), json.dumps({"users": [user]}).encode()

    def instead(_method: str, path: str) -> Answered | Fault | None:
        if where != "the token of the person":
            if path.startswith("/users/"):
                return 200, JSON, known
            # The service reads the user again by name after it has read them by id.
            again = path == "/users" and any(one.startswith("/users/") for _, one in before.calls)
            return (200, JSON, listed) if again else None
        if path == "/auth/tokens":
            return with_token
        return refusal(400, f"The last token was {token_of_the_person}.") if path == "/projects" else None

    def with_token(exchange: Exchange) -> None:
        status, headers, data = exchange.ask_keystone()
        exchange.reply((status, {**headers, "X-Subject-Token": token_of_the_person}, data))

    if where == "the token of the person":
        assert create_user_project(through())[0] == 201
    before.calls.clear()
    before.instead = instead
    status, body = create_user_project(through(cloud_user_id="0" * 32) if "name" in where else through())
    shown = [repr(body).encode(), *(line.encode() for line in caplog.messages)]
    assert isinstance(body, dict)
    # This status proves that the service has read what Keystone gave.
    assert (status, body["error"]) == answered
    assert all(len(one) < 4000 for one in shown)
    assert hits([ADMIN_PASSWORD.encode(), b"correct-horse", token_of_the_person.encode()], shown) == []
