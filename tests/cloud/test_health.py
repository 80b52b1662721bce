"""GET /healthz and GET /readyz: what a health check learns, without a token and without a slot."""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from handler import application
from lib.call import log, shutdown
from lib.endpoint import Answer
from lib.serving import admission, readiness
from lib.serving.pages import PAGES
from lib.settings.loading import JWT_VARIABLE, TEXT_VARIABLE
from tests.support.answers import error
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone
from tests.support.ports import free_ports
from tests.support.proxy import Proxy

OK: Answer = (200, {"status": "ok"})
READY: Answer = (200, {"status": "ready"})
SILENT = error(502, "keystone_failed", "Keystone does not answer: see the setting readiness_auth_url.")
NO_KEYSTONE = error(502, "not_a_keystone", "What answers there is not a Keystone: see the setting readiness_auth_url.")


@pytest.fixture(autouse=True)
def _not_asked_yet() -> Iterator[None]:
    """Lets no test see what Keystone answered to another one."""
    readiness.keystone.clear()
    yield
    readiness.keystone.clear()


def ask(path: str, method: str = "GET") -> Any:
    """Returns the status and body that a health check gets, which sends no token."""
    answer = Client(application).open(path, method=method)
    return answer.status_code, answer.get_json(silent=True)


def set_keystone(settings_file: SettingsFile, auth_url: str) -> None:
    """Asks for this Keystone's answer, too."""
    settings_file(f"user_handler:\n  readiness_auth_url: {auth_url}\n")


def test_a_service_that_can_serve_is_ready() -> None:
    """A load balancer may send requests."""
    assert [ask("/healthz"), ask("/readyz")] == [OK, READY]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_read_without_a_token_and_nothing_else_is(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A health check has no token. By any other method, the caller learns nothing without one."""
    monkeypatch.setenv(JWT_VARIABLE, "a-secret-of-at-least-32-characters")
    assert Client(application).get(path).status_code == 200
    assert Client(application).head(path).status_code == 200
    assert ask(path, "POST")[0] == 401


def test_settings_that_are_not_good_make_a_service_not_ready_and_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart would not help, so the process counts as alive."""
    monkeypatch.setenv(TEXT_VARIABLE, "user_handler: {deadlin: 5}")
    why = "The settings of this service cannot be used; its log says why."
    assert [ask("/healthz"), ask("/readyz")] == [OK, error(500, "misconfigured", why)]


def test_a_service_that_is_being_stopped_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The requests that it would get are for another replica."""
    monkeypatch.setattr(shutdown, "begun", type(shutdown.begun)())
    shutdown.begin(5)
    why = "The service is being stopped. Repeat the request."
    assert [ask("/healthz"), ask("/readyz")] == [OK, error(503, "stopping", why)]


def test_a_full_service_is_not_ready_and_still_answers(settings_file: SettingsFile) -> None:
    """A health check takes no slot, so it is answered where a request is not."""
    settings_file("user_handler:\n  max_concurrent_requests: 1\n")
    why = "The service is busy with as many requests as it may serve in parallel. Repeat the request."
    with admission.slot():
        assert [ask("/healthz"), ask("/readyz")] == [OK, error(503, "overloaded", why)]
    assert ask("/readyz") == READY


def test_a_keystone_that_answers_is_asked_for_its_version_alone(before: Proxy, settings_file: SettingsFile) -> None:
    """No account is needed for that. What it answered counts for a while, so strangers cannot wear it down."""
    set_keystone(settings_file, before.auth_url)
    assert [ask("/readyz") for _ in range(5)] == [READY] * 5
    assert before.calls == [("GET", "")]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, {"Content-Type": "text/html"}, b"Welcome to nginx!"), NO_KEYSTONE),
        ((404, {"Content-Type": "text/html"}, b"not found"), NO_KEYSTONE),
        ((503, {"Content-Type": "text/html"}, b"no server is available"), SILENT),
        ((500, {"Content-Type": "application/json"}, b"{}"), SILENT),
    ],
)
def test_what_is_not_keystones_answer_does_not_count(
    answer: tuple[int, dict[str, str], bytes], told: Answer, before: Proxy, settings_file: SettingsFile
) -> None:
    """A proxy answers 200 for a Keystone that is not there, and a failing Keystone can serve nobody."""
    before.instead = lambda _method, _path: answer
    set_keystone(settings_file, before.auth_url)
    assert ask("/readyz") == told


def test_a_keystone_that_is_not_there_is_told_with_its_cause_in_the_log(
    settings_file: SettingsFile, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer is for anybody. The log has the cause for the operator."""
    log.rate_limit.clear()
    set_keystone(settings_file, f"http://127.0.0.1:{free_ports('keystone')['keystone']}")
    with caplog.at_level(logging.INFO, "user_handler"):
        assert ask("/readyz") == SILENT
    [line] = caplog.messages
    assert line.startswith("GET /readyz 502 ")
    assert "ConnectionRefusedError (Connection refused)" in line


def test_a_keystone_that_hangs_holds_one_health_check_and_for_two_seconds(
    before: Proxy, settings_file: SettingsFile
) -> None:
    """The others are answered at once, so that health checks cannot take the threads that serve requests."""
    asked = threading.Event()

    def hang(method: str, path: str) -> None:
        asked.set()
        before.over.wait(30)

    before.instead = hang
    set_keystone(settings_file, before.auth_url)
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(ask("/readyz")))
    begun = time.monotonic()
    first.start()
    assert asked.wait(10)
    others = [ask("/readyz") for _ in range(20)]
    assert first.is_alive(), "the other health checks waited for the one that asked"
    first.join(30)
    assert (others, answers) == ([SILENT] * 20, [SILENT])
    assert len(before.calls) == 1
    assert time.monotonic() - begun < 20


def test_a_keystone_that_is_not_allowed_is_a_mistake_in_the_settings(
    cloud: Keystone, settings_file: SettingsFile
) -> None:
    """It would never be asked, so the service would never be ready."""
    text = "user_handler:\n  allowed_auth_urls: [http://127.0.0.1:1]\n  readiness_auth_url: "
    settings_file(f"{text}{cloud.auth_url}\n")
    assert ask("/readyz")[0] == 500
    settings_file(f"{text}{cloud.auth_url}\n".replace("http://127.0.0.1:1", cloud.auth_url))
    assert ask("/readyz") == READY
