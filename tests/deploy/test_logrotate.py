"""Tests of the configuration of logrotate: a real logrotate rotates the log of a real service, and no line is lost."""

import gzip
import shlex
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
import requests

from lib.settings.settings import Settings
from tests.contract.ui import token
from tests.deploy import unit
from tests.deploy.running import LISTEN, started, until
from tests.deploy.sandbox import LOG_FOLDER, OWNER, Sandbox, needs_sandbox, sandbox
from tests.support.service import ROOT, Service

FILE = ROOT / "docs" / "deploy" / "logrotate" / "user-handler"
INSTALLED = "/etc/logrotate.d/user-handler"
SECRET = uuid.uuid4().hex

pytestmark = needs_sandbox


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Returns a sandbox in which the configuration is installed as it is."""
    with sandbox() as made:
        made.put(INSTALLED, FILE.read_text())
        yield made


def logrotate(box: Sandbox, *options: str) -> str:
    """Runs logrotate as the timer of the machine does, without memory of earlier runs. Returns what it complains of."""
    command = box.as_root(["/usr/sbin/logrotate", "--state=/dev/null", *options, INSTALLED])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).splitlines()
    return "\n".join(line for line in said if line.startswith("error:"))


def rotated(box: Sandbox) -> list[Path]:
    """Returns the rotated files, oldest first."""
    return sorted(box.at(LOG_FOLDER).glob("user-handler.log-*"))


@contextmanager
def written_to(*services: Service) -> Iterator[None]:
    """Sends each service requests that have a line in the log, one after another."""
    over = Event()

    def write(running: Service) -> None:
        while not over.is_set():
            bearer = {"Authorization": f"Bearer {token(SECRET)}"}
            assert requests.post(f"{running.url}/user", json={}, headers=bearer, timeout=60).status_code == 400

    with ThreadPoolExecutor() as writers:
        writing = [writers.submit(write, running) for running in services for _ in range(2)]
        try:
            yield
        finally:
            over.set()
    assert [one.result() for one in writing] == [None] * len(writing)


def test_logrotate_reads_the_file_without_a_complaint(box: Sandbox) -> None:
    """Every word of it is one that logrotate knows, and a log that does not exist yet is no error."""
    assert logrotate(box, "--debug") == ""


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("    daily", "    dayly", "unknown option 'dayly' -- ignoring line"),
        ("rotate 14", "rotate many", "bad rotation count 'many'"),
        ("    missingok\n", "", "No such file or directory"),
        ("su 10001 10001", "su nobody-of-this-name 10001", "unknown user 'nobody-of-this-name'"),
    ],
)
def test_logrotate_complains_of_a_broken_file(box: Sandbox, right: str, wrong: str, complaint: str) -> None:
    """A mistake in the file would be seen by the test above."""
    assert right in FILE.read_text()
    box.put(INSTALLED, FILE.read_text().replace(right, wrong))
    assert complaint in logrotate(box, "--debug")


def test_the_file_names_the_log_and_its_owner(box: Sandbox) -> None:
    """The log is where the service writes it by default. Its owner is that of the service."""
    assert f"\n{Settings().log_file} {{\n" in FILE.read_text()
    assert f"    su {OWNER} {OWNER}\n" in FILE.read_text()
    assert box.at(LOG_FOLDER) == box.at(str(Settings().log_file)).parent


def test_no_line_is_lost_while_two_processes_write(box: Sandbox) -> None:
    """The service goes on in a new file by itself. What was rotated before is compressed, and all has one owner."""
    files = {"/etc/concertim-openstack-service/config.yaml": "", "/etc/concertim-secrets/jwt-secret": SECRET}
    unit.load_credentials(box, files)
    log = box.at(str(Settings().log_file))
    command = box.command([*shlex.split(unit.value_of("ExecStart")), *LISTEN], unit.environment())
    with started(command) as one, started(command) as other:
        with written_to(one, other):
            for number in range(3):
                until(log.exists)
                assert logrotate(box, "--force") == ""
                assert [file.suffix == ".gz" for file in rotated(box)] == [True] * number + [False]
                # The names have seconds.
                time.sleep(1)
            until(log.exists)
        assert [one.stop(), other.stop()] == [0, 0]
        compressed = [gzip.decompress(file.read_bytes()).decode() for file in rotated(box)[:-1]]
        written = "".join([*compressed, rotated(box)[-1].read_text(), log.read_text()])
        assert sorted(written.splitlines()) == sorted((one.said() + other.said()).splitlines())
    assert {file.stat().st_uid for file in box.at(LOG_FOLDER).iterdir()} == {OWNER}
