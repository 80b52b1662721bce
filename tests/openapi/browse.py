"""Opens the page in Chromium, signs a user up there, and prints what the browser did as JSON."""

import json
import os
from typing import Any

from playwright.sync_api import Page, sync_playwright

# Chromium as root, and without services of its own that would look for hosts elsewhere.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]
FLAGS += ["--no-first-run", "--disable-sync"]
SIGN_UP = "#operations-users-post_create_user_project"


def main() -> None:
    """Opens the page that the environment names, and tries a sign-up out."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1400})
        seen: dict[str, Any] = {"requests": [], "complaints": []}
        page.on("request", lambda request: seen["requests"].append(request.url))
        page.on("console", lambda message: seen["complaints"].append(message.text))
        page.on("pageerror", lambda error: seen["complaints"].append(str(error)))
        page.goto(os.environ["PAGE"])
        page.wait_for_selector(".opblock")
        seen["paths"] = page.locator(".opblock").count()
        page.screenshot(path=os.environ["PICTURE"])
        _show_token(page, os.environ["TOKEN"])
        seen["status"], seen["url"] = _try_out(page, os.environ["BODY"])
        browser.close()
    print(json.dumps(seen))


def _show_token(page: Page, token: str) -> None:
    page.click(".btn.authorize")
    page.fill(".auth-container input", token)
    page.click(".auth-btn-wrapper .authorize")
    page.click(".btn-done")


def _try_out(page: Page, body: str) -> tuple[str, str]:
    """Returns the status of the answer, and the URL that it came from."""
    block = page.locator(SIGN_UP)
    block.click()
    block.locator(".try-out__btn").click()
    block.locator("textarea.body-param__text").fill(body)
    block.locator("button.execute").click()
    status = block.locator(".live-responses-table .response-col_status").nth(1)
    status.wait_for()
    return status.inner_text().strip(), block.locator(".request-url pre").inner_text().strip()


if __name__ == "__main__":
    main()
