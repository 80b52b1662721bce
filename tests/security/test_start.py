"""Tests which settings keep the service from starting, and which open access it warns of in the log."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS
from tests.contract.ui import token
from tests.support.service import ROOT, complaints, service

SECRET = "of the Concertim UI, and of 32 bytes at least"
ANYBODY = "anybody who reaches this port may call"
ANYWHERE = "callers choose which hosts this service connects to"
UNVERIFIED = "certificates of https Keystones are not verified"
UNLOCKED = "the passwords of new users can be guessed without end"


def too_short(size: int) -> str:
    """Returns the message for a secret of this many bytes."""
    ui = "set a longer secret here and in the Concertim UI (openssl rand -hex 32)"
    return f"has {size} bytes, and at least 32 are needed: {ui}"


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], str]:
    """Returns a function that writes a config file with these lines under user_handler, and returns its path."""

    def write(text: str) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(f"user_handler:\n  log_file: {tmp_path}/log\n" + text)
        return str(path)

    return write


def start(config: str, **environment: str) -> tuple[int, str]:
    """Runs handler.py until it exits, and returns the exit code and what kept it from its start."""
    command = [sys.executable, "handler.py", "--listen", "127.0.0.1:0", "--config", config]
    env = os.environ | environment
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, complaints(done.stdout)


@pytest.mark.parametrize("secret", ["", " \n", "short", "x" * 31, f" {'x' * 31}\n"])
def test_a_secret_that_can_be_guessed_stops_the_start(config: Callable[[str], str], secret: str) -> None:
    """A short or empty JWT_SECRET stops the start: an empty one may come from a variable that was not filled in."""
    why = too_short(len(secret.strip()))
    assert start(config(""), JWT_SECRET=secret) == (MISTAKE_IN_SETTINGS, f"environment variable JWT_SECRET: {why}\n")


def test_a_secret_that_is_no_text_stops_the_start(config: Callable[[str], str]) -> None:
    """A JWT_SECRET that is not UTF-8 stops the start with a message in place of a traceback."""
    secret = os.fsdecode(b"\xff" * 40)
    assert start(config(""), JWT_SECRET=secret) == (
        MISTAKE_IN_SETTINGS,
        "environment variable JWT_SECRET: is not UTF-8 text\n",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", too_short(0)),
        (b"short\n", too_short(5)),
        (b"\xef\xbb\xbfshort\n", too_short(5)),
        (b"\xff" * 40, "is not UTF-8 text"),
        (b"x" * 40 + b"\n" + b"y" * 40, "must hold the secret alone, in one line"),
        (b"JWT_SECRET=" + b"x" * 40, "must hold the secret alone, without JWT_SECRET= before it"),
        (None, "No such file or directory"),
    ],
)
def test_a_secret_file_that_protects_nothing_stops_the_start(
    config: Callable[[str], str], tmp_path: Path, content: bytes | None, why: str
) -> None:
    """A secret file that is missing, or is no single line of UTF-8 with a secret, stops the start, whatever names it.

    The message has the line in the config file, or the environment variable.
    """
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    path = config(f"  jwt_secret_file: {file}\n")
    where = f"{path}: line 3: user_handler.jwt_secret_file: "
    assert start(path) == (MISTAKE_IN_SETTINGS, f"{where}{file}: {why}\n")
    where = "environment variable JWT_SECRET_FILE: "
    assert start(config(""), JWT_SECRET_FILE=str(file)) == (MISTAKE_IN_SETTINGS, f"{where}{file}: {why}\n")
    path = config(f"  jwt_secret_previous_file: {file}\n")
    where = f"{path}: line 3: user_handler.jwt_secret_previous_file: "
    assert start(path, JWT_SECRET=SECRET) == (MISTAKE_IN_SETTINGS, f"{where}{file}: {why}\n")


def test_a_fifo_in_place_of_a_secret_file_does_not_hang_the_start(config: Callable[[str], str], tmp_path: Path) -> None:
    """A FIFO as secret file is refused, because reading from it would wait for a writer forever."""
    os.mkfifo(tmp_path / "fifo")
    code, said = start(config(f"  jwt_secret_file: {tmp_path}/fifo\n"))
    assert (code, said.endswith("fifo: is no file\n")) == (MISTAKE_IN_SETTINGS, True)


def test_a_secret_in_place_of_its_file_is_not_quoted(config: Callable[[str], str]) -> None:
    """A secret that stands in place of its file's name is not quoted, because the message ends up in a log."""
    path = config(f"  jwt_secret_file: {'f' * 64}\n")
    why = "must be the absolute path of a file, not the secret itself"
    assert start(path) == (MISTAKE_IN_SETTINGS, f"{path}: line 3: user_handler.jwt_secret_file: {why}\n")
    for secret in ("f" * 64, ""):
        where = "environment variable JWT_SECRET_FILE"
        assert start(config(""), JWT_SECRET_FILE=secret) == (MISTAKE_IN_SETTINGS, f"{where}: {why}\n")


@pytest.mark.parametrize("name", ["jwt_secret_file", "allowed_auth_urls", "cacert", "deadline"])
def test_a_setting_without_a_value_stops_the_start(config: Callable[[str], str], name: str) -> None:
    """A setting without a value stops the start, because an unfilled template would silently turn off protection."""
    path = config(f"  {name}:\n")
    why = "has no value; leave the line out to have the default"
    assert start(path) == (MISTAKE_IN_SETTINGS, f"{path}: line 3: user_handler.{name}: {why}\n")


def test_two_secrets_stop_the_start(config: Callable[[str], str], tmp_path: Path) -> None:
    """Two sources of the secret stop the start, because it would be unclear which of them applies."""
    (tmp_path / "secret").write_text(SECRET)
    in_a_file = {"JWT_SECRET_FILE": f"{tmp_path}/secret"}
    path = config(f"  jwt_secret_file: {tmp_path}/secret\n")
    setting = f"{path}: user_handler.jwt_secret_file: is given beside"
    variable = "environment variable JWT_SECRET_FILE: is given beside JWT_SECRET: leave one of them out\n"
    for environment, why in (
        ({"JWT_SECRET": SECRET}, f"{setting} JWT_SECRET: leave one of them out\n"),
        (in_a_file, f"{setting} JWT_SECRET_FILE: leave one of them out\n"),
        ({"JWT_SECRET": SECRET} | in_a_file, f"{variable}{setting} JWT_SECRET: leave one of them out\n"),
    ):
        assert start(path, **environment) == (MISTAKE_IN_SETTINGS, why)
    assert start(config(""), JWT_SECRET=SECRET, **in_a_file) == (MISTAKE_IN_SETTINGS, variable)


def test_a_previous_secret_alone_stops_the_start(config: Callable[[str], str], tmp_path: Path) -> None:
    """Without a current secret anybody could call, which is not what a site means that names a previous one."""
    (tmp_path / "secret").write_text(SECRET)
    path = config(f"  jwt_secret_previous_file: {tmp_path}/secret\n")
    why = "user_handler.jwt_secret_previous_file: is given without the secret that takes its place"
    assert start(path) == (MISTAKE_IN_SETTINGS, f"{path}: {why}\n")


def test_a_secret_in_the_shared_file_stops_the_start(config: Callable[[str], str]) -> None:
    """A secret in the config file, which all Concertim services read, stops the start without being quoted."""
    path = config(f"  jwt_secret: {SECRET!r}\n")
    code, said = start(path)
    where = "belongs in the environment variable JWT_SECRET, or in a file that jwt_secret_file names"
    assert (code, said) == (MISTAKE_IN_SETTINGS, f"{path}: line 3: jwt_secret: {where}\n")


def test_all_mistakes_are_reported_together(config: Callable[[str], str]) -> None:
    """All mistakes in the settings and in the secret are reported together."""
    path = config("  deadline: -1\n  insecure: 'yes'\n  allowed_auth_urls: []\n  jwt_lifetime: 5\n")
    code, said = start(path, JWT_SECRET="short")
    lines = [line.removeprefix(f"{path}: ").split(": ")[:2] for line in said.splitlines()]
    assert code == MISTAKE_IN_SETTINGS
    assert lines == [
        ["line 3", "user_handler.deadline"],
        ["line 4", "user_handler.insecure"],
        ["line 5", "user_handler.allowed_auth_urls"],
        ["line 6", "user_handler.jwt_lifetime"],
        ["environment variable JWT_SECRET", too_short(5).partition(":")[0]],
    ]


@pytest.mark.parametrize(
    "url",
    [
        "keystone:5000",
        "ftp://keystone",
        "http://x:y@keystone",
        "http://keystone/a%2fb",
        "http://keystone/?x",
        "http://*.example",
        7,
    ],
)
def test_an_allowed_url_that_is_none_stops_the_start(config: Callable[[str], str], url: str) -> None:
    """An invalid URL in allowed_auth_urls stops the start, because it would allow nothing or something unintended."""
    code, said = start(config(f"  allowed_auth_urls: [{url!r}]\n"))
    assert code == MISTAKE_IN_SETTINGS
    assert "line 3: user_handler.allowed_auth_urls.0: " in said


def test_insecure_beside_certificates_stops_the_start(config: Callable[[str], str], tmp_path: Path) -> None:
    """The settings cacert and insecure together stop the start, because they contradict each other."""
    path = config(f"  cacert: {requests.utils.DEFAULT_CA_BUNDLE_PATH}\n  insecure: true\n")
    why = "must not be true beside cacert: certificates are either verified or not"
    assert start(path) == (MISTAKE_IN_SETTINGS, f"{path}: line 4: user_handler.insecure: {why}\n")


@pytest.mark.parametrize(
    ("text", "environment", "warnings"),
    [
        ("", {}, [ANYBODY, ANYWHERE]),
        ("", {"JWT_SECRET": SECRET}, [ANYWHERE]),
        ("  allowed_auth_urls: ['http://127.0.0.1:5000']\n", {}, [ANYBODY]),
        ("  allowed_auth_urls: ['http://127.0.0.1:5000']\n", {"JWT_SECRET": SECRET}, []),
        ("  insecure: true\n", {"JWT_SECRET": SECRET}, [ANYWHERE, UNVERIFIED]),
        ("  user_options: [ignore_lockout_failure_attempts]\n", {"JWT_SECRET": SECRET}, [ANYWHERE, UNLOCKED]),
    ],
)
def test_the_start_warns_once_of_every_door_that_is_open(
    config: Callable[[str], str], text: str, environment: dict[str, str], warnings: list[str]
) -> None:
    """The start logs one warning for each protection that is off, and none for those that are on."""
    # Services of this release do not go by names, so nothing is to be said of these.
    with service("--config", config(f"{text}  ui_release: v0.2.1\n"), **environment) as running:
        said = running.said()
    lines = [line.partition(" (startup) - [-] ")[2] for line in said.splitlines() if "[WARNING]" in line]
    assert [line.partition(":")[0] for line in lines] == warnings
    assert SECRET not in said
    assert "it sets jwt_secret" not in said


def test_the_start_warns_of_settings_that_are_in_a_wrong_place(config: Callable[[str], str]) -> None:
    """Such a key may be another service's, so the service starts, and says where the key would be read."""
    path = config("deadline: 3\n")
    with service("--config", path, JWT_SECRET=SECRET) as running:
        said = running.said()
    where = "deadline: is not read here; it belongs in user_handler, as user_handler.deadline"
    assert f"- [WARNING] (startup) - [-] {path}: line 3: {where}\n" in said


def test_the_service_asks_for_a_token_and_says_so_in_one_line(config: Callable[[str], str]) -> None:
    """A request without a token is answered 401 and logged in one line with its method, its path and its client."""
    with service("--config", config(""), JWT_SECRET=SECRET) as running:
        refused = requests.post(f"{running.url}/user", json={}, timeout=10)
        let_in = requests.post(
            f"{running.url}/user", json={}, headers={"Authorization": f"Bearer {token(SECRET)}"}, timeout=10
        )
        assert requests.get(str(running.url), timeout=10).text == "Running"
        said = running.said()
    assert (refused.status_code, let_in.status_code) == (401, 400)
    [line] = [line for line in said.splitlines() if refused.headers["X-OpenStack-Request-ID"] in line]
    assert "[WARNING] (endpoint) - [" in line
    assert "] POST /user 401 " in line
    assert "; caller: 127.0.0.1; token: not shown; code: unauthorized; " in line


def test_a_broken_file_of_another_service_is_told_without_its_password(
    config: Callable[[str], str], tmp_path: Path
) -> None:
    """The message about an alias in broken YAML leaves out its name, which may be a password that begins with '*'."""
    path = tmp_path / "broken.yaml"
    path.write_text("openstack:\n  password: *correct-horse-battery\n")
    assert start(str(path)) == (MISTAKE_IN_SETTINGS, f"{path}: line 2: found undefined alias …\n")
