"""A running host, which is started as an operator starts it, asked over HTTP, and stopped."""

import os
import shlex
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import requests

from lib.settings.loading import JWT_VARIABLE, TEXT_VARIABLE
from tests.hosts import apache
from tests.hosts.asked import JWT_SECRET, REQUEST_ID, Answered, Asked, told
from tests.hosts.gateway import gateway
from tests.hosts.rows import ADDRESS, APACHE, FOLDER, PORT, Host
from tests.support.service import ROOT, START_SECONDS

# The Makefile makes this environment.
VENV = ROOT / ".hosts"
LOOPBACK = "127.0.0.1"
STOP_SECONDS = 30
# A log that goes through Apache takes a moment.
LATE_SECONDS = 10
# This variable is in every process that a host starts, however the process detaches itself.
MARK = "USER_HANDLER_HOST_OF_TESTS"
# No file can be below a file, so the log goes to standard output.
CONFIG = "user_handler: {log_file: /dev/null/user-handler.log}\n"


@dataclass
class Running:
    """One running host."""

    host: Host
    process: "subprocess.Popen[bytes]"
    folder: Path
    port: int
    mark: str
    cold_start: float = 0
    """Seconds from the start of its process to its first answer."""

    def ask(self, asked: Asked) -> Answered:
        """Returns its answer, with the headers that are compared."""
        answer = requests.request(
            asked.method,
            f"http://{LOOPBACK}:{self.port}{asked.path}",
            data=asked.chunks() if asked.chunked else asked.body,
            headers=dict(asked.headers),
            timeout=60,
        )
        is_json = answer.headers.get("Content-Type") == "application/json"
        return answer.status_code, told(answer.headers), answer.json() if is_json else answer.text

    def said(self) -> str:
        """Returns all that the host and what runs in it have written."""
        return "".join(
            (self.folder / name).read_text(errors="replace")
            for name in ("said", "error.log")
            if (self.folder / name).exists()
        )

    def said_in_time(self, text: str) -> str:
        """Returns all that was written once this text is in it. The test fails if the text does not come in time."""
        until = time.monotonic() + LATE_SECONDS
        while text not in self.said() and time.monotonic() < until:
            time.sleep(0.05)
        assert text in self.said()
        return self.said()

    def stop(self) -> None:
        """Tells the host to stop, and waits until it has stopped."""
        self.process.terminate()
        self.process.wait(STOP_SECONDS)

    def left_behind(self) -> list[str]:
        """Returns the processes, files and open port that outlive it."""
        left = [f"process {one.pid} {one.name()}" for one in self._processes()]
        left += [
            str(file) for folder in ("home", "tmp") for file in (self.folder / folder).rglob("*") if not file.is_dir()
        ]
        with socket.socket() as probe:
            left += ["its port"] if not self.host.event and probe.connect_ex((LOOPBACK, self.port)) == 0 else []
        return left

    def connections_left(self) -> int:
        """Returns how many connections it still has after its clients have closed theirs."""
        until = time.monotonic() + LATE_SECONDS
        while (left := self._connections_left()) and time.monotonic() < until:
            time.sleep(0.05)
        return left

    def _connections_left(self) -> int:
        found = (connection for one in self._processes() for connection in one.net_connections("tcp"))
        return sum(
            connection.laddr.port == self.port and connection.status != psutil.CONN_LISTEN for connection in found
        )

    def _processes(self) -> Iterator[psutil.Process]:
        for one in psutil.process_iter():
            with suppress(psutil.Error):
                if one.environ().get(MARK) == self.mark and one.status() != psutil.STATUS_ZOMBIE:
                    yield one

    def kill(self) -> None:
        """Kills whatever still runs of it."""
        for one in self._processes():
            with suppress(psutil.Error):
                one.kill()
        self.process.wait(STOP_SECONDS)


@contextmanager
def running(host: Host) -> Iterator[Running]:
    """Starts the host in a folder of its own, on a free port, and waits for its first answer."""
    with TemporaryDirectory(prefix="host-") as name, ExitStack() as around:
        folder, mark, variables = Path(name), uuid.uuid4().hex, dict(host.environment)
        if host.event:
            before = around.enter_context(gateway(host.event))
            variables["AWS_LAMBDA_RUNTIME_API"] = f"{LOOPBACK}:{before.port}"
        port = before.port if host.event else _free_port()
        _lay_out(folder, host, port)
        environment = _environment(folder) | {MARK: mark}
        environment |= {name: _translated(value, folder, port) for name, value in variables.items()}
        command = shlex.split(_translated(host.command, folder, port))
        if host.command == APACHE:
            command = [*apache.AS_WHO_IT_IS, *command]
        started = time.monotonic()
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        one = Running(host, process, folder, port, mark)
        if host.event:
            before.dead = lambda: process.poll() is not None
        try:
            _await(one)
            one.cold_start = time.monotonic() - started
            yield one
        finally:
            with suppress(subprocess.TimeoutExpired):
                one.stop()
            one.kill()


def _lay_out(folder: Path, host: Host, port: int) -> None:
    """Lays the service's files out as an operator does, with those that the host needs beside them."""
    for name in ("handler.py", "functions", "lib"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "venv").symlink_to(VENV)
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    for name, text in host.files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(_translated(text, folder, port))
        file.chmod(0o755)
    if host.command == APACHE:
        apache.complete(folder, port)


def _translated(text: str, folder: Path, port: int) -> str:
    """Returns the command or file of docs/hosts.md with the folder and port of this test."""
    return text.replace(FOLDER, str(folder)).replace(ADDRESS, LOOPBACK).replace(PORT, str(port))


def _environment(folder: Path) -> dict[str, str]:
    """Returns an environment without the developer's own variables, so that all that a host writes is seen."""
    return {
        "PATH": f"{folder}/venv/bin:{os.environ['PATH']}:/usr/sbin",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        TEXT_VARIABLE: CONFIG,
        JWT_VARIABLE: JWT_SECRET,
    }


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def _await(one: Running) -> None:
    """Waits for its first answer of any kind, because a function alone does not answer GET /."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and one.process.poll() is None:
        with suppress(requests.ConnectionError):
            if REQUEST_ID in one.ask(Asked("GET", "/"))[1]:
                return
        time.sleep(0.01)
    raise RuntimeError(f"{one.host.name} did not start:\n{one.said()[-4000:]}")
