"""Tests of the pages /openapi.json and /docs: what they answer, to whom, and that a setting switches them off."""

import json
import re
import subprocess
import sys
from typing import Any
from urllib.parse import urljoin

import pytest
from werkzeug.test import Client, TestResponse

import handler
from functions.create_user_project import create_user_project
from lib import VERSION
from lib.serving.contract import pages_beside
from lib.serving.wsgi import wsgi
from lib.settings.loading import JWT_VARIABLE
from tests.contract.ui import token
from tests.support.answers import error
from tests.support.fixtures import SettingsFile
from tests.support.service import ROOT

SECRET = "s" * 32
NO_SUCH_PATH = (
    "UserHandler does not serve this path. Key pairs, status updates, invoices, credits, orders, quotas and"
    " statistics belong to other Concertim services."
)
NO_TOKEN = "Send the header Authorization: Bearer with a token signed with this service's JWT_SECRET."
OURS = [
    path for path in pages_beside(handler.ROUTES, handler.OPEN_TO_ALL) if path.startswith(("/openapi.json", "/docs"))
]
assert len(OURS) > 2


def ask(path: str, method: str = "GET", **more: Any) -> TestResponse:
    """Returns what the application answers, after all of it was read."""
    answer = Client(handler.application).open("/", method=method, environ_overrides={"PATH_INFO": path}, **more)
    answer.get_data()
    answer.close()
    return answer


def test_the_contract_is_served_as_it_is_made() -> None:
    """What is tested of the document holds for what a client reads, too."""
    answer = ask("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json() == json.loads(json.dumps(handler.openapi()))


@pytest.mark.parametrize("path", ["/docs", "/docs/", "//docs", "//docs//"])
def test_the_page_names_its_files_by_where_it_is(path: str) -> None:
    """So it works with a slash at its end and without, and behind a proxy that adds a prefix."""
    page = ask(path)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    named = re.findall(r'(?:href|src)="(.+?)"', page.text)
    assert named
    for name in named:
        there = urljoin(f"http://site.example/prefix{path}", name).partition("/prefix")[2]
        assert ask(there).status_code == 200, there


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("start.js", "text/javascript"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui.css", "text/css"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_the_files_of_the_viewer_are_served_with_their_types(name: str, media_type: str) -> None:
    """A browser that was told not to guess takes no file of another type."""
    answer = ask(f"/docs/{name}")
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert len(answer.data) == int(answer.headers["Content-Length"]) > 0
    assert answer.headers["Cache-Control"] == "max-age=3600"
    assert ask(f"/docs/{name}", "HEAD").data == b""


@pytest.mark.parametrize(
    "name",
    ["swagger-editor-bundle.js", "../swagger-ui.css", "..%2fcore.py", "LICENSE", "index.html", "swagger-ui.css/x"],
)
def test_no_other_file_of_the_viewer_is_served(name: str) -> None:
    """What is served is a list, and not a folder."""
    assert ask(f"/docs/{name}").status_code == 404


@pytest.mark.parametrize("path", OURS)
def test_the_pages_load_nothing_from_elsewhere(path: str) -> None:
    """A site without the internet sees the whole page, and no other site learns that somebody reads it."""
    answer = ask(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "/docs/" in path or not re.search(r"https?://(?!10\.0\.0\.1)", answer.text)


@pytest.mark.parametrize("path", OURS)
def test_the_contract_needs_no_token(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes a client has no token yet. By any other method, the paths are as secret as all others."""
    monkeypatch.setenv(JWT_VARIABLE, SECRET)
    assert ask(path).status_code == 200
    refused = ask(path, "POST", json={})
    assert (refused.status_code, refused.get_json()) == error(401, "unauthorized", NO_TOKEN)
    refused = ask(path, "POST", json={}, headers={"Authorization": f"Bearer {token(SECRET)}"})
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", OURS)
def test_the_setting_switches_the_pages_off(
    path: str, method: str, settings_file: SettingsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are then answered as any path that is not served, whatever the method."""
    settings_file("user_handler: {contract_pages: false}")
    monkeypatch.setenv(JWT_VARIABLE, SECRET)
    refused = ask(path, method)
    known = ask(path, method, headers={"Authorization": f"Bearer {token(SECRET)}"})
    assert (refused.status_code, known.status_code) == (401, 404)
    if method != "HEAD":
        assert (known.status_code, known.get_json()) == error(404, "no_such_path", NO_SUCH_PATH)


def test_one_function_alone_has_no_contract() -> None:
    """A function that is deployed by itself is at any path, also at those of the pages."""
    assert Client(wsgi(create_user_project)).post("/openapi.json", json={}).status_code == 400


def test_nothing_of_the_contract_is_loaded_at_the_start() -> None:
    """Most processes are never asked for it."""
    code = (
        "import sys, handler; late = ['lib.serving.openapi.document', 'swagger_ui', 'jinja2'];"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_version_is_the_same_everywhere() -> None:
    """The product has it in lib/__init__.py, and the tags of the images in documents and in their files repeat it."""
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.*"), *(ROOT / "Dockerfiles").glob("Dockerfile.*")]
    tags = [
        tag
        for file in files
        if file.suffix not in (".png", ".svg")
        for tag in re.findall(r"(?<!\.)concertim-user-handler[\w-]*:([\d.]+\d)", file.read_text())
    ]
    assert {handler.openapi()["info"]["version"], *tags} == {VERSION}
