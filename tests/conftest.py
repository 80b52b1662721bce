"""Fixtures that all tests share: one Keystone, the default settings, and logins that no other test has used."""

import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.call import log
from lib.keystone.connect import clear_connections
from lib.serving import startup
from lib.settings.loading import JWT_FILE_VARIABLE, JWT_VARIABLE, PATH_VARIABLE, TEXT_VARIABLE
from tests.support.command_line import Run, in_folder
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone, keystone
from tests.support.proxy import Proxy, proxy
from tests.support.tls import Certificates, certificates


@pytest.fixture(scope="session")
def cloud() -> Iterator[Keystone]:
    """Returns a Keystone as an operator prepares it, which has loaded its policy, so that no test waits for that."""
    with keystone() as running:
        running.admin.users.list(name="concertim")
        yield running


@pytest.fixture(scope="session", autouse=True)
def _log_of_pytest(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Lets the process open its log once, as when it begins to serve, and then leaves the log to pytest."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "config.yaml").write_text(f"user_handler:\n  log_file: {folder / 'log'}\n")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(PATH_VARIABLE, str(folder / "config.yaml"))
        environment.delenv(TEXT_VARIABLE, raising=False)
        startup.prepare()
    for one in (log.logger, logging.getLogger("waitress")):
        for handler in one.handlers[:]:
            one.removeHandler(handler)
            handler.close()
        one.setLevel(logging.NOTSET)
        one.propagate = True


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Restores the loggers where a test has opened the log, or changed its level."""
    loggers = [log.logger, logging.getLogger("waitress")]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    yield
    for one, handlers, level, propagate in before:
        for handler in {*one.handlers} - {*handlers}:
            handler.close()
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SettingsFile:
    """Returns a function that applies the settings in the text of a config.yaml."""

    def put(text: str) -> Path:
        path = tmp_path / f"{uuid.uuid4().hex}.yaml"
        path.write_text(text)
        monkeypatch.setenv(PATH_VARIABLE, str(path))
        return path

    return put


@pytest.fixture(autouse=True)
def _defaults(settings_file: SettingsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps every test independent of this machine's settings and of connections that another test left."""
    monkeypatch.delenv(JWT_VARIABLE, raising=False)
    monkeypatch.delenv(JWT_FILE_VARIABLE, raising=False)
    monkeypatch.delenv(TEXT_VARIABLE, raising=False)
    settings_file("")
    clear_connections()


@pytest.fixture
def login() -> str:
    """Returns a login that nobody has used."""
    return f"ann-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def request_of(cloud: Keystone, login: str) -> RequestOf:
    """Builds the sign-up that the UI sends for the login; keyword arguments replace or add fields."""

    def build(**changes: Any) -> dict[str, Any]:
        return {"cloud_env": cloud.cloud_env(), "username": login, "password": "correct-horse"} | changes

    return build


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs handler.py with a log in the folder of this test."""
    return in_folder(tmp_path)


@pytest.fixture
def before(cloud: Keystone) -> Iterator[Proxy]:
    """Returns a proxy before the Keystone."""
    with proxy(cloud.auth_url) as running:
        yield running


@pytest.fixture
def through(cloud: Keystone, before: Proxy, request_of: RequestOf) -> RequestOf:
    """Builds a sign-up that reaches Keystone through the proxy."""
    return lambda **changes: request_of(cloud_env=cloud.cloud_env() | {"auth_url": before.auth_url}) | changes


@pytest.fixture(scope="session")
def leaves(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Returns a certificate of each kind."""
    return certificates(tmp_path_factory.mktemp("certificates"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Writes what each test has to tell."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in report.user_properties:
                if name == "told":
                    terminalreporter.write_line(text)
