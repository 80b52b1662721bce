"""Runs Chromium, and calls Playwright as each line of standard input says (runs where Playwright is)."""

import json
import os
import sys
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, sync_playwright

# Chromium as root, and without services of its own that would look for hosts elsewhere.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
]


class Tab:
    """The page, and what it did by itself."""

    def __init__(self, chromium: Browser, **options: Any) -> None:
        self.page: Page = chromium.new_page(**options)
        self.seen: dict[str, list[str]] = {"requests": [], "complaints": [], "dialogs": []}
        self.page.on("request", lambda request: self.seen["requests"].append(request.url))
        self.page.on("console", lambda message: self.seen["complaints"].append(message.text))
        self.page.on("pageerror", lambda error: self.seen["complaints"].append(str(error)))
        self.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Dialog) -> None:
        self.seen["dialogs"].append(dialog.message)
        dialog.dismiss()


def main() -> None:
    """Answers each call with a line, until there are no more."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        tab = Tab(chromium)
        for line in sys.stdin:
            method, args, options = json.loads(line)
            answer: dict[str, Any] = {"value": None}
            try:
                if method == "open":
                    tab.page.close()
                    tab = Tab(chromium, **options)
                else:
                    answer["value"] = tab.seen if method == "seen" else getattr(tab.page, method)(*args, **options)
            except Exception as error:
                answer = {"error": str(error)}
            # Playwright's own objects stay here.
            print(json.dumps(answer, default=lambda _: None), flush=True)
        chromium.close()


if __name__ == "__main__":
    main()
