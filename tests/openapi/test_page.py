"""The page /docs in a real browser: it shows every path, connects to nothing else, and signs a user up."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
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
from tests.support.debian import found
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone
from tests.support.service import ROOT

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


def browse(folder: Path, page: str, body: dict[str, Any]) -> dict[str, Any]:
    """Returns what a browser does that opens the page and sends the sign-up from there."""
    env = {"PAGE": page, "TOKEN": bearer(), "BODY": json.dumps(body), "PICTURE": str(folder / "docs.png")}
    env |= {"CHROMIUM": str(found("chromium"))}
    command = [ROOT / ".openapi" / "bin" / "python", ROOT / "tests" / "openapi" / "browse.py"]
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/under/this/docs"])
def test_the_page_signs_a_user_up(
    cloud: Keystone, url: str, prefixed: str, login: str, tmp_path: Path, path: str
) -> None:
    """It shows every path and needs no other host, and the browser has nothing to complain about."""
    base = prefixed if path.startswith("/under") else url
    body = {"cloud_env": cloud.cloud_env(), "username": login, "password": "correct-horse"}
    seen = browse(tmp_path, f"http://{urlsplit(base).netloc}{path}", body)
    assert {urlsplit(one).netloc for one in seen.pop("requests")} == {urlsplit(base).netloc}
    assert seen == {"complaints": [], "paths": PATHS, "status": "201", "url": f"{base}/create_user_project"}
    assert cloud.admin.users.list(name=f"concertim_{login}")
