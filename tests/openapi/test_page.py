"""The page /docs in a real browser: it shows every path, connects to nothing else, and signs a user up."""

import json
from collections.abc import Iterator
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

import handler
from lib.settings.loading import JWT_VARIABLE
from tests.openapi.given import JWT_SECRET, SETTINGS, bearer
from tests.support.browser import Browser, browser
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone

SIGN_UP = "#operations-users-post_create_user_project"
PATHS = sum(len(methods) for methods in handler.openapi()["paths"].values())


@pytest.fixture
def prefixed(settings_file: SettingsFile, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Returns the URL of a server that has the service under a prefix, as a proxy may."""
    settings_file(SETTINGS)
    monkeypatch.setenv(JWT_VARIABLE, JWT_SECRET)
    under = DispatcherMiddleware(NotFound(), {"/under/this": handler.application})
    server = make_server("127.0.0.1", 0, under, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/under/this"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Runs a browser."""
    with browser() as running:
        yield running


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/under/this/docs"])
def test_the_page_signs_a_user_up(
    cloud: Keystone, url: str, prefixed: str, chromium: Browser, login: str, path: str
) -> None:
    """It shows every path and needs no other host, and the browser has nothing to complain about."""
    base = prefixed if path.startswith("/under") else url
    body = {"cloud_env": cloud.cloud_env(), "username": login, "password": "correct-horse"}
    chromium.do("open", viewport={"width": 1200, "height": 1400})
    chromium.do("goto", f"http://{urlsplit(base).netloc}{path}")
    chromium.do("wait_for_selector", ".opblock")
    assert chromium.do("evaluate", "document.querySelectorAll('.opblock').length") == PATHS
    show_token(chromium, bearer())
    assert tried_out(chromium, body) == ("201", f"{base}/create_user_project")
    seen = chromium.do("seen")
    assert {urlsplit(one).netloc for one in seen.pop("requests")} == {urlsplit(base).netloc}
    assert seen == {"complaints": [], "dialogs": []}
    assert cloud.admin.users.list(name=f"concertim_{login}")


def show_token(page: Browser, token: str) -> None:
    """Types a token into the page."""
    page.do("click", ".btn.authorize")
    page.do("fill", ".auth-container input", token)
    page.do("click", ".auth-btn-wrapper .authorize")
    page.do("click", ".btn-done")


def tried_out(page: Browser, body: dict[str, Any]) -> tuple[str, str]:
    """Sends the sign-up from the page. Returns the status of the answer, and the URL that it came from."""
    page.do("click", SIGN_UP)
    page.do("click", f"{SIGN_UP} .try-out__btn")
    page.do("fill", f"{SIGN_UP} textarea.body-param__text", json.dumps(body))
    page.do("click", f"{SIGN_UP} button.execute")
    status = page.do("inner_text", f"{SIGN_UP} .live-responses-table .response-col_status >> nth=1")
    return status.strip(), page.do("inner_text", f"{SIGN_UP} .request-url pre").strip()
