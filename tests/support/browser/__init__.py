"""A real browser: Debian's Chromium without a window, which tests drive by the calls of Playwright."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from tests.support.debian import found
from tests.support.service import ROOT

# Playwright is in this virtual environment, and not in that of the tests.
PYTHON = ROOT / ".openapi" / "bin" / "python"


class Browser:
    """A browser with one page in it."""

    def __init__(self, calls: IO[str], answers: IO[str]) -> None:
        self._calls, self._answers = calls, answers

    def do(self, method: str, *args: Any, **options: Any) -> Any:
        """Calls a method of Playwright's Page, and returns what JSON can hold of its answer.

        Two methods are not Playwright's. `open` leaves the page for a new one, whose options are those of Playwright's
        `new_page`. `seen` returns the requests, complaints and dialogs of the page since then.
        """
        self._calls.write(json.dumps([method, args, options]) + "\n")
        self._calls.flush()
        line = self._answers.readline()
        assert line, "the browser has ended"
        answer = json.loads(line)
        assert "error" not in answer, f"{method} {args}: {answer['error']}"
        return answer["value"]


@contextmanager
def browser() -> Iterator[Browser]:
    """Runs a browser. `make page` and `make openapi` install what it needs."""
    command = [PYTHON, ROOT / "tests" / "support" / "browser" / "playwright_calls.py"]
    environment = os.environ | {"CHROMIUM": str(found("chromium"))}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Browser(process.stdin, process.stdout)
        finally:
            # It ends with its input.
            process.stdin.close()
