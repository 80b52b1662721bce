"""Tests that the tokens of the Concertim UI and its cluster builder are accepted on every path, and no others."""

import base64
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

import handler
from lib import settings
from lib.call import log
from lib.endpoint import Answer
from lib.errors import Misconfigured
from lib.serving.auth import LONGEST_TOKEN
from lib.settings.loading import JWT_FILE_VARIABLE, JWT_VARIABLE, PATH_VARIABLE, read_secrets_again
from tests.contract.ui import signed, token
from tests.support.answers import error

SECRET = "of the Concertim UI, and of 32 bytes at least"
PREVIOUS = "of the Concertim UI until today, 32 bytes as well"
ANOTHER = "of somebody else, and of 32 bytes just as well"
# An attacker may sign with the server's public key and hope that it is taken for the shared secret.
PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"

SEND_ONE = "Send the header Authorization: Bearer with a token signed with this service's JWT_SECRET."
NOT_SIGNED = "The token is not signed with this service's JWT_SECRET: compare it with the UI's."
NO_TOKEN = "The token is no JSON Web Token of HS256, or is meant for somebody else."
EXPIRED = "The token has expired. If it is a new one, the clocks of the two hosts differ."
TOO_EARLY = "The token is not valid yet. If it is a new one, the clocks of the two hosts differ."
NO_EXPIRY = "The token never expires: it has no exp."
TOO_LONG = "The token is too long to be one of Concertim's."
VALID_TOO_LONG = (
    "The token is valid for longer than the setting jwt_lifetime allows, or the clocks of the two hosts differ."
)
A_USERS = "The token is an ordinary user's. Only the Concertim UI and its cluster builder may call."


def now() -> int:
    """Returns the time in whole seconds, which is the unit of a token's claims."""
    return int(time.time())


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the site's secret in the environment."""
    monkeypatch.setenv(JWT_VARIABLE, SECRET)


def ask(authorization: str | None, method: str = "POST", path: str = "/user", **more: Any) -> tuple[Answer, str | None]:
    """Returns the answer to a request, and its header WWW-Authenticate."""
    headers = {} if authorization is None else {"Authorization": authorization}
    more["environ_overrides"] = {"PATH_INFO": path} | more.get("environ_overrides", {})
    response = Client(handler.application).open(method=method, headers=headers, **more)
    body: Any = response.text if response.mimetype == "text/plain" else response.get_json(silent=True)
    return (response.status_code, body), response.headers.get("WWW-Authenticate")


# The requests here have no body, so an authenticated caller gets this answer.
INSIDE = error(400, "bad_request", "request: is not JSON: Expecting value at line 1, column 1")


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(lambda: f"Bearer {token(SECRET)}", id="of the UI"),
        pytest.param(lambda: f"bearer   {token(SECRET)} ", id="with spaces, in lower case"),
        pytest.param(lambda: f"Bearer {token(SECRET, iat=None, jti=None)}", id="of the cluster builder"),
        pytest.param(lambda: f"Bearer {token(SECRET, iat=now() + 5, exp=now() + 65)}", id="of a clock that is ahead"),
        pytest.param(lambda: f"Bearer {token(SECRET, iat=now() - 65, exp=now() - 5)}", id="of a clock that is behind"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp=now() + 300, iat=now())}", id="for as long as the setting"),
    ],
)
def test_tokens_of_the_site_get_in(authorization: Callable[[], str]) -> None:
    """Tokens of UI v1.0.0 and later and of the cluster builder are accepted, even if clocks differ by some seconds."""
    assert ask(authorization()) == (INSIDE, None)


@pytest.mark.parametrize(
    ("authorization", "why"),
    [
        pytest.param(lambda: None, SEND_ONE, id="no header"),
        pytest.param(lambda: "", SEND_ONE, id="an empty header"),
        pytest.param(lambda: "Bearer", SEND_ONE, id="no token"),
        pytest.param(lambda: "Bearer  ", SEND_ONE, id="a blank token"),
        pytest.param(lambda: token(SECRET), SEND_ONE, id="no scheme"),
        pytest.param(lambda: f"Basic {token(SECRET)}", SEND_ONE, id="another scheme"),
        pytest.param(lambda: f"Bearer {token(SECRET)}, Bearer {token(SECRET)}", NO_TOKEN, id="two headers, joined"),
        pytest.param(lambda: "Bearer x", NO_TOKEN, id="no token at all"),
        pytest.param(lambda: "Bearer a.b.c", NO_TOKEN, id="three dots of nothing"),
        pytest.param(lambda: "Bearer é.ß.ÿ", NO_TOKEN, id="not ASCII"),
        pytest.param(lambda: f"Bearer {token(ANOTHER)}", NOT_SIGNED, id="another secret"),
        pytest.param(lambda: f"Bearer {token('')}", NOT_SIGNED, id="an empty secret"),
        pytest.param(lambda: f"Bearer {token(SECRET)[:-2]}AA", NOT_SIGNED, id="a signature that was changed"),
        pytest.param(lambda: f"Bearer {token(SECRET).rpartition('.')[0]}.", NOT_SIGNED, id="no signature"),
        pytest.param(lambda: f"Bearer {_changed(exp=now() + 61)}", NOT_SIGNED, id="claims that were changed"),
        pytest.param(lambda: f"Bearer {_with_header(alg='none')}", NO_TOKEN, id="algorithm none"),
        pytest.param(lambda: f"Bearer {_with_header(alg='nOnE').rpartition('.')[0]}.", NO_TOKEN, id="nOnE, unsigned"),
        pytest.param(lambda: f"Bearer {_with_header(alg='HS512')}", NO_TOKEN, id="HS512"),
        pytest.param(lambda: f"Bearer {_with_header(alg='RS256')}", NO_TOKEN, id="RS256, signed with the secret"),
        pytest.param(
            lambda: f"Bearer {signed({'alg': 'RS256'}, {'exp': now() + 60}, PUBLIC_KEY)}",
            NO_TOKEN,
            id="a public key",
        ),
        pytest.param(lambda: f"Bearer {_with_header(alg=None)}", NO_TOKEN, id="no algorithm"),
        pytest.param(lambda: f"Bearer {_with_header(alg='HS256', crit=['x'])}", NO_TOKEN, id="a critical extension"),
        pytest.param(lambda: f"Bearer {_with_header(alg='HS256', b64=False)}", NO_TOKEN, id="detached claims"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp=now() - 11, iat=now() - 71)}", EXPIRED, id="expired"),
        pytest.param(lambda: f"Bearer {token(SECRET, iat=now() + 60, exp=now() + 120)}", TOO_EARLY, id="of the future"),
        pytest.param(lambda: f"Bearer {token(SECRET, nbf=now() + 60)}", TOO_EARLY, id="not before"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp=None)}", NO_EXPIRY, id="no exp"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp='soon')}", NO_TOKEN, id="an exp that is none"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp=float('inf'))}", NO_TOKEN, id="an endless exp"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp=[now() + 60])}", NO_TOKEN, id="a list of exp"),
        pytest.param(lambda: f"Bearer {token(SECRET, aud='another service')}", NO_TOKEN, id="meant for another"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp=now() + 86400)}", VALID_TOO_LONG, id="for a day"),
        pytest.param(lambda: f"Bearer {token(SECRET, exp=now() + 86400, iat=None)}", VALID_TOO_LONG, id="so, no iat"),
        pytest.param(
            lambda: f"Bearer {token(SECRET, iat=now() - 86400, exp=now() + 5)}", VALID_TOO_LONG, id="a day, at its end"
        ),
        pytest.param(lambda: f"Bearer {token(SECRET, sub='7', scp='user')}", A_USERS, id="an ordinary user's"),
        pytest.param(lambda: f"Bearer {token(SECRET, scp='user')}", A_USERS, id="scp alone"),
        pytest.param(lambda: f"Bearer {token(SECRET, sub='')}", A_USERS, id="an empty sub"),
        pytest.param(
            lambda: f"Bearer {token(SECRET, x='x' * 5000)}",
            "The token is too long to be one of Concertim's.",
            id="huge",
        ),
        pytest.param(lambda: f"Bearer {_nested()}", NO_TOKEN, id="nested without end"),
        pytest.param(lambda: "Bearer " + "\\" * 31_000, TOO_LONG, id="backslashes"),
        pytest.param(lambda: "Bearer " + "\\" * 4_000, NO_TOKEN, id="fewer backslashes"),
        pytest.param(lambda: "Bearer &#" + "9" * 5_000, TOO_LONG, id="a number of 5000 digits"),
        pytest.param(lambda: "Bearer &#" + "9" * 4_000, NO_TOKEN, id="a number of 4000 digits"),
    ],
)
def test_nothing_else_gets_in(authorization: Callable[[], str | None], why: str) -> None:
    """Any other header is answered 401, with a reason that quotes nothing of it and a WWW-Authenticate header."""
    assert ask(authorization()) == (error(401, "unauthorized", why), 'Bearer realm="UserHandler"')


def _changed(**claims: Any) -> str:
    """Returns a token whose claims are not the ones that were signed."""
    header, _, signature = token(SECRET).split(".")
    return f"{header}.{_base64(json.dumps({'iat': now(), **claims}).encode())}.{signature}"


def _with_header(**header: Any) -> str:
    """Returns a token with valid claims and this header, signed with the secret."""
    return signed({key: value for key, value in header.items() if value is not None}, {"exp": now() + 60}, SECRET)


def _nested() -> str:
    """Returns a token whose header is nested deeply enough to exceed the recursion limit of a parser."""
    token = f"{_base64(b'[' * 1500 + b']' * 1500)}.e30.x"
    assert len(token) < LONGEST_TOKEN + 10
    return token


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "HEAD"])
@pytest.mark.parametrize(
    "path", ["/", "//", "/user", "//user", "/user/", "/team", "/team_role", "/create_user_project", "/x", "/%2e", "/.."]
)
def test_every_path_but_the_root_wants_a_token(method: str, path: str) -> None:
    """A caller without a token is answered 401 on every path, and so cannot learn which paths and methods exist."""
    status = ask(None, method, path, data=b"{", content_type="text/html")[0][0]
    assert status == (200 if method in ("GET", "HEAD") and path in ("/", "//") else 401)


def test_a_stranger_cannot_push_out_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The log has one line a second of each kind of caller without a token, and counts the lines that it left out."""
    caplog.set_level("INFO")
    log.rate_limit.clear()
    for _ in range(100):
        ask(None)
        ask(None, "GET", "/")
    ask(f"Bearer {token(SECRET)}")
    time.sleep(1.1)
    ask(None)
    refused = [line for line in caplog.messages if line.startswith("POST /user 401")]
    assert len(refused) == 2
    assert refused[1].endswith("; left_out: 99")
    assert len([line for line in caplog.messages if line.startswith("running 200")]) == 1
    assert len([line for line in caplog.messages if line.startswith("POST /user 400")]) == 1


def test_the_token_is_checked_before_the_body_is_read() -> None:
    """A request without a token is refused before any byte of its body is read."""

    class Unread:
        def read(self, *_: object) -> bytes:
            raise AssertionError("was read")

    overrides = {"wsgi.input": Unread(), "CONTENT_LENGTH": "10", "CONTENT_TYPE": "application/json"}
    assert ask(None, environ_overrides=overrides)[0] == error(401, "unauthorized", SEND_ONE)


def test_without_a_secret_anybody_may_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a secret every caller is accepted, as UI releases before v1.0.0 send no token, and tokens are ignored."""
    monkeypatch.delenv(JWT_VARIABLE)
    assert ask(None) == (INSIDE, None)
    assert ask(f"Bearer {token(ANOTHER)}") == (INSIDE, None)


def test_the_secret_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, settings_file: Callable[[str], Path], tmp_path: Path
) -> None:
    """The secret may be in the file that the setting names. White space around it is ignored, as in the environment."""
    (tmp_path / "secret").write_text(f"\n  {SECRET}\n")
    settings_file(f"user_handler: {{jwt_secret_file: {tmp_path / 'secret'}}}")
    monkeypatch.delenv(JWT_VARIABLE)
    assert ask(None)[0] == error(401, "unauthorized", SEND_ONE)
    assert ask(f"Bearer {token(SECRET)}") == (INSIDE, None)
    settings_file("")
    monkeypatch.setenv(JWT_FILE_VARIABLE, str(tmp_path / "secret"))
    assert ask(None)[0] == error(401, "unauthorized", SEND_ONE)
    assert ask(f"Bearer {token(SECRET)}") == (INSIDE, None)
    monkeypatch.delenv(JWT_FILE_VARIABLE)
    monkeypatch.setenv(JWT_VARIABLE, f" {SECRET}\n")
    assert ask(f"Bearer {token(SECRET)}") == (INSIDE, None)


@pytest.fixture
def previous(settings_file: Callable[[str], Path], tmp_path: Path) -> Path:
    """Returns the file with the previous secret, which is in force."""
    file = tmp_path / "previous"
    file.write_text(PREVIOUS)
    settings_file(f"user_handler: {{jwt_secret_previous_file: {file}}}")
    return file


@pytest.mark.usefixtures("previous")
def test_while_the_secret_is_exchanged_tokens_of_both_get_in(caplog: pytest.LogCaptureFixture) -> None:
    """The UI and this service cannot get a new secret at the same moment. The log tells who still uses the old one."""
    caplog.set_level("INFO", "user_handler")
    for secret in (SECRET, PREVIOUS):
        assert ask(f"Bearer {token(secret)}", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}) == (INSIDE, None)
    assert [re.findall("; caller: (.*?); token: (.*?); code", line) for line in caplog.messages] == [
        [("192.0.2.7", "good")],
        [("192.0.2.7", "good, by the previous secret")],
    ]


@pytest.mark.usefixtures("previous")
@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": now() - 11, "iat": now() - 71}, EXPIRED),
        ({"exp": None}, NO_EXPIRY),
        ({"nbf": now() + 3600}, TOO_EARLY),
        ({"aud": "another service"}, NO_TOKEN),
        ({"exp": now() + 86400}, VALID_TOO_LONG),
        ({"sub": "7", "scp": "user"}, A_USERS),
    ],
)
def test_a_token_of_the_previous_secret_is_checked_as_any_other(
    claims: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The answers are those of a token that the current secret has signed, and nothing is told of a token refused."""
    for secret in (SECRET, PREVIOUS):
        assert ask(f"Bearer {token(secret, **claims)}")[0] == error(401, "unauthorized", why)
    assert ask(f"Bearer {token(ANOTHER)}")[0] == error(401, "unauthorized", NOT_SIGNED)
    assert not [message for message in caplog.messages if "previous secret" in message]


def test_the_same_secret_twice_is_no_exchange(previous: Path, settings_file: Callable[[str], Path]) -> None:
    """So both settings may stand in the config file for good, and an exchange needs no restart."""
    previous.write_text(f"{SECRET}\n")
    settings_file(f"user_handler: {{jwt_secret_previous_file: {previous}}}")
    assert settings.current().jwt_secret_previous is None
    assert ask(f"Bearer {token(SECRET)}") == (INSIDE, None)
    assert ask(f"Bearer {token(PREVIOUS)}")[0] == error(401, "unauthorized", NOT_SIGNED)


def test_the_secret_files_are_read_again_and_nothing_else_is(previous: Path) -> None:
    """A new secret takes the place of the old one. A file that is not good leaves both secrets as they are."""
    assert ask(f"Bearer {token(PREVIOUS)}") == (INSIDE, None)
    config = Path(os.environ[PATH_VARIABLE])
    config.write_text("user_handler: {deadline: -1}")
    previous.write_text("short")
    with pytest.raises(Misconfigured) as refused:
        read_secrets_again()
    assert refused.value.message.startswith(
        f"{config}: user_handler.jwt_secret_previous_file: {previous}: has 5 bytes,"
    )
    assert ask(f"Bearer {token(PREVIOUS)}") == (INSIDE, None)
    previous.write_text(ANOTHER)
    assert read_secrets_again() == [str(previous)]
    assert ask(f"Bearer {token(PREVIOUS)}")[0] == error(401, "unauthorized", NOT_SIGNED)
    assert ask(f"Bearer {token(ANOTHER)}") == (INSIDE, None)
    previous.write_text(SECRET)
    read_secrets_again()
    assert ask(f"Bearer {token(ANOTHER)}")[0] == error(401, "unauthorized", NOT_SIGNED)
    assert ask(f"Bearer {token(SECRET)}") == (INSIDE, None)


def test_the_setting_bounds_for_how_long_a_token_may_be_valid(settings_file: Callable[[str], Path]) -> None:
    """The setting jwt_lifetime is the longest accepted validity. It may be a minute, which the UI's tokens have."""
    settings_file("user_handler: {jwt_lifetime: 60}")
    assert ask(f"Bearer {token(SECRET)}") == (INSIDE, None)
    long = token(SECRET, iat=now(), exp=now() + 61)
    assert ask(f"Bearer {long}")[0] == error(401, "unauthorized", VALID_TOO_LONG)


@pytest.mark.parametrize("secret", ["", "  ", "short", "x" * 31])
def test_a_secret_that_protects_nothing_lets_nobody_in(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """A host that starts in spite of a weak secret answers every call 500, and accepts no token."""
    monkeypatch.setenv(JWT_VARIABLE, secret)
    for authorization in (None, f"Bearer {token(secret)}"):
        status, body = ask(authorization)[0]
        assert isinstance(body, dict)
        assert (status, body["error"]) == (500, "misconfigured")


def test_settings_that_cannot_be_read_let_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unreadable settings may have named a secret, so every call is answered 500, without the path of the file."""
    monkeypatch.delenv(JWT_VARIABLE)
    monkeypatch.setenv(PATH_VARIABLE, "/nonexistent/config.yaml")
    why = "The settings of this service cannot be used; its log says why."
    assert ask(None)[0] == error(500, "misconfigured", why)
