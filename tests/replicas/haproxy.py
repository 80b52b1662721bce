"""The HAProxy before the replicas, and what it knows of each of them over time."""

import csv
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.replicas.replica import ENDS_WITH_THE_TESTS, PATIENCE
from tests.support.debian import found
from tests.support.ports import free_ports, wait_until_it_listens
from tests.support.service import ROOT

# HAProxy's state of a server that is to get requests, and of one that is not.
UP, DOWN = "UP", "DOWN"
# So often it is asked for the states. Its checks are seconds apart.
SECONDS_BETWEEN_LOOKS = 0.05
# What a site takes as it is, but for the addresses.
CONFIG = ROOT / "docs" / "deploy" / "haproxy" / "haproxy.cfg"
# HAProxy takes several files as one configuration.
STATISTICS = """\
global
    stats socket {socket} mode 600 level user
"""


@dataclass(frozen=True)
class Change:
    """A server's state as HAProxy sees it from this moment on."""

    at: float
    server: str
    state: str


@dataclass
class View:
    """HAProxy's view of the servers."""

    url: str
    said: Path
    """The file with what HAProxy has written."""
    _socket: Path
    _servers: tuple[str, ...]
    changes: list[Change] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _over: threading.Event = field(default_factory=threading.Event)

    def of(self, server: str) -> list[Change]:
        """Returns the states that the server has had, in their order."""
        return [one for one in self.changes if one.server == server]

    def wait_until(self, server: str, state: str) -> float:
        """Waits until the server has this state, and returns since when."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is(server, state), PATIENCE):
                raise RuntimeError(f"HAProxy does not see {server} {state}: {self.of(server)}")
            return self.of(server)[-1].at

    def watch(self) -> None:
        """Looks at the states until `stop`."""
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            states = self._states()
            with self._changed:
                new = [name for name in states if not self._is(name, states[name])]
                self.changes += [Change(time.monotonic(), name, states[name]) for name in new]
                self._changed.notify_all()

    def stop(self) -> None:
        """Ends `watch`."""
        self._over.set()

    def _is(self, server: str, state: str) -> bool:
        return any(one.state == state for one in self.of(server)[-1:])

    def _states(self) -> dict[str, str]:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(str(self._socket))
            asked.sendall(b"show stat\n")
            with asked.makefile() as file:
                rows = list(csv.DictReader(file.read().removeprefix("# ").splitlines()))
        # "UP 1/2" is still up, and on its way down.
        return {one["svname"]: one["status"].split()[0] for one in rows if one["svname"] in self._servers}


@contextmanager
def haproxy(servers: Mapping[str, str], folder: Path) -> Iterator[View]:
    """Runs HAProxy before these servers, which are host:port by name."""
    port, stats = free_ports("haproxy")["haproxy"], folder / "stats"
    files = {
        "haproxy.cfg": for_replicas(CONFIG.read_text(), servers, port),
        "statistics.cfg": STATISTICS.format(socket=stats),
    }
    command = [*ENDS_WITH_THE_TESTS, found("haproxy") or "haproxy", "-db"]
    for name, text in files.items():
        (folder / name).write_text(text)
        command += ["-f", str(folder / name)]
    said = folder / "haproxy.said"
    with said.open("w") as file:
        # Ctrl-C in a terminal is for us alone, and we stop it then.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
    view = View(f"http://127.0.0.1:{port}", said, stats, tuple(servers))
    watching = threading.Thread(target=view.watch)
    try:
        wait_until_it_listens(process, port, said)
        watching.start()
        yield view
    finally:
        view.stop()
        if watching.is_alive():
            watching.join()
        process.kill()
        process.wait()


def for_replicas(config: str, servers: Mapping[str, str], port: int) -> str:
    """Returns the configuration for these servers in place of those that are asked for /readyz, and for this port.

    It is otherwise what a site with replicas has. Only the account that HAProxy changes to is left out: with another
    account it would not end with the tests.
    """
    sections = re.split(r"^(?=\w)", config, flags=re.MULTILINE)
    [at] = [number for number, section in enumerate(sections) if "httpchk GET /readyz" in section]
    sections[at] = _with_servers(sections[at], servers)
    found = "".join(sections)
    found = re.sub(r"^(\s+bind )\S+", rf"\g<1>127.0.0.1:{port}", found, flags=re.MULTILINE)
    return re.sub(r"^\s+(user|group) .*\n", "", found, flags=re.MULTILINE)


def _with_servers(section: str, servers: Mapping[str, str]) -> str:
    """Returns the section with a line for each server, and with what a comment offers to sites with several."""
    server = re.compile(r"^(\s+server )\S+ \S+( .*)?\n", re.MULTILINE)
    found = server.search(section)
    assert found
    lines = "".join(f"{found[1]}{name} {where}{found[2] or ''}\n" for name, where in servers.items())
    return re.sub(r"^(\s+)# (?=(?:option|retry-on) )", r"\1", server.sub("", section) + lines, flags=re.MULTILINE)
