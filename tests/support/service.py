"""Runs the service as its users do: `python handler.py` in a process of its own, on a free loopback port."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from lib.settings.loading import JWT_FILE_VARIABLE, JWT_VARIABLE

ROOT = Path(__file__).parents[2]
# The start may take this long on a machine that is busy with other things.
START_SECONDS = 60


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: "subprocess.Popen[bytes]"
    stdout: Path
    stderr: Path

    @property
    def url(self) -> str | None:
        """The URL at which the service listens, or None before it does."""
        listening = re.search(r"listening on ([^\s\"]+)", self.said())
        return f"http://{listening[1]}" if listening else None

    def said(self) -> str:
        """Returns all that the service wrote to standard output."""
        return self.stdout.read_text()

    def complained(self) -> str:
        """Returns all that the service wrote to standard error."""
        return self.stderr.read_text()

    def stop(self) -> int:
        """Tells the service to stop, and returns its exit code."""
        self.process.terminate()
        return self.process.wait(30)


def complaints(said: str) -> str:
    """Returns what keeps the service from its start, a line for each, by what it wrote to standard output."""
    return "".join(f"{line.partition(' - [-] ')[2]}\n" for line in said.splitlines() if " - [CRITICAL] " in line)


def post(url: str | None, **body: Any) -> tuple[int, Any]:
    """Returns the status and body of a sign-up at the service with this URL; the keywords are those of requests."""
    answer = requests.post(f"{url}/create_user_project", timeout=60, **body)
    return answer.status_code, answer.json()


@contextmanager
def service(
    *options: str,
    listen: str = "127.0.0.1:0",
    program: Sequence[str] = ("handler.py",),
    under: Sequence[str] = (),
    **environment: str,
) -> Iterator[Service]:
    """Runs handler.py with these options and environment variables.

    Where `listen` is empty, there is no such option, and the variables say where to listen. `under` is a command that
    becomes the one it is given, such as nsenter. The rest of the environment is inherited, except for the secret.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in (JWT_VARIABLE, JWT_FILE_VARIABLE)}
    with TemporaryDirectory() as folder:
        stdout, stderr = Path(folder) / "stdout", Path(folder) / "stderr"
        # The output goes to files, as a full pipe that nobody reads would block the service.
        with stdout.open("wb") as out, stderr.open("wb") as err:
            where = ["--listen", listen] if listen else []
            command = [*under, sys.executable, *program, *where, *options]
            # In a session of its own: Ctrl-C in a terminal is for us alone, and we stop it then.
            process = subprocess.Popen(
                command, cwd=ROOT, env=inherited | environment, stdout=out, stderr=err, start_new_session=True
            )
        running = Service(process, stdout, stderr)
        try:
            until = time.monotonic() + START_SECONDS
            while not running.url:
                if running.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"handler.py did not start:\n{running.said()}{running.complained()}")
                time.sleep(0.02)
            yield running
        finally:
            running.stop()
