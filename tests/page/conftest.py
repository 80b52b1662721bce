"""Opens the page of an answer in a browser that has no network."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.command_line.mapping_page import write_page
from tests.support.browser import Browser, browser

Opened = Callable[..., Browser]
"""Opens the page of an answer; its keywords are those of Playwright's new_page."""
AUTH_URL = "http://keystone.example:5000/v3"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Runs a browser for all tests."""
    with browser() as running:
        yield running


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Opens pages, and fails if one of them asks for anything else, complains, or shows a dialog."""
    page = tmp_path / "page.html"

    def open_page(body: dict[str, Any], **options: Any) -> Browser:
        with page.open("wb") as out:
            write_page(body, AUTH_URL, out)
        chromium.do("open", offline=True, viewport={"width": 1440, "height": 900}, **options)
        chromium.do("goto", page.as_uri())
        return chromium

    yield open_page
    assert chromium.do("seen") == {"requests": [page.as_uri()], "complaints": [], "dialogs": []}


def rows(page: Browser) -> list[str]:
    """Returns the login or team of each row that is displayed, from top to bottom."""
    script = "[...document.querySelectorAll('tbody tr')].filter(row => row.checkVisibility())"
    names: list[str] = page.do("evaluate", f"{script}.map(row => row.cells[0].textContent)")
    return names
