"""Tests of SIGHUP: `python handler.py` lives on, opens its log again, and reads the files with secrets again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.contract.ui import token
from tests.support.service import ROOT, START_SECONDS, Service, service

OLD, NEW = "the secret of the Concertim UI until today", "the secret of the Concertim UI from now on"


@dataclass
class Site:
    """A running service, with the files that its operator may change."""

    running: Service
    folder: Path

    @property
    def log(self) -> Path:
        """The log of the service."""
        return self.folder / "log"

    def write(self, **secrets: str) -> None:
        """Puts each secret into its file, as `mv` does."""
        write(self.folder, **secrets)

    def hang_up(self) -> str:
        """Sends SIGHUP, and returns the line that the service says then, without its beginning."""
        before = len(self.lines())
        self.running.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 30
        while len(self.lines()) == before:
            assert time.monotonic() < until, self.running.complained()
            time.sleep(0.02)
        [line] = self.lines()[before:]
        return line.partition(" - ")[2]

    def lines(self) -> list[str]:
        """Returns each whole line about SIGHUP on standard output."""
        return [line for line in self.running.said().splitlines(keepends=True) if "SIGHUP" in line and "\n" in line]

    def statuses(self) -> list[int]:
        """Returns the answers to requests with tokens of the old and of the new secret. A good one is answered 400."""
        return [self.status(secret) for secret in (OLD, NEW)]

    def status(self, secret: str) -> int:
        """Returns the status of an empty request with a token of this secret."""
        bearer = {"Authorization": f"Bearer {token(secret)}"}
        return requests.post(f"{self.running.url}/user", json={}, headers=bearer, timeout=30).status_code


def write(folder: Path, **secrets: str) -> None:
    """Puts each secret into its file in this folder, as `mv` does."""
    for name, secret in secrets.items():
        (folder / "made").write_text(secret)
        (folder / "made").replace(folder / name)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Returns a service with both files of secrets, which hold the same one."""
    write(tmp_path, current=OLD, previous=OLD)
    (tmp_path / "config.yaml").write_text(
        f"user_handler: {{log_file: {tmp_path}/log, jwt_secret_file: {tmp_path}/current,"
        f" jwt_secret_previous_file: {tmp_path}/previous}}\n"
    )
    with service("--config", str(tmp_path / "config.yaml")) as running:
        yield Site(running, tmp_path)
        assert running.stop() == 0


def test_the_secret_is_exchanged_without_a_restart(site: Site) -> None:
    """These are the steps in docs/operations.md. At no time is a good caller refused, and config.yaml is not read."""
    read = (
        f"[INFO] (hang_up) - [-] SIGHUP: the log is open; read {site.folder}/current and {site.folder}/previous again"
    )
    assert site.statuses() == [400, 401]
    (site.folder / "config.yaml").write_text("user_handler: [")
    site.write(current=NEW)
    assert site.hang_up() == f"{read}: the secret is a new one, and tokens of the previous one are accepted, too\n"
    assert site.statuses() == [400, 400]
    site.write(previous=NEW)
    refused = "and tokens of the previous one are refused from now on"
    assert site.hang_up() == f"{read}: the secret is the same as before, {refused}\n"
    assert site.statuses() == [401, 400]
    assert site.running.said().count("; caller: 127.0.0.1; token: good, by the previous secret") == 1
    assert site.running.said() == site.log.read_text()
    assert not [secret for secret in (OLD, NEW) if secret in site.running.said()]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b"short", "has 5 bytes, and at least 32 are needed: "),
        (b"\xff" * 40, "is not UTF-8 text"),
        (b"", "has 0 bytes, and at least 32 are needed: "),
    ],
)
def test_a_file_that_is_not_good_any_more_keeps_the_secrets_in_force(
    site: Site, content: bytes | None, why: str
) -> None:
    """A mistake in one file keeps both, and the log says what is wrong. The service does not let anybody in for it."""
    site.write(previous=NEW)
    site.hang_up()
    file = site.folder / "current"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    site.write(previous=OLD)
    where = f"{site.folder}/config.yaml: user_handler.jwt_secret_file: {file}"
    assert site.hang_up().startswith(f"[ERROR] (hang_up) - [-] SIGHUP: the secrets in force stay. {where}: {why}")
    assert site.statuses() == [400, 400]
    assert site.status("the secret of somebody else altogether") == 401


def test_the_log_is_opened_again(site: Site) -> None:
    """Whoever moves the log away and sends SIGHUP finds a new one. So does whoever has mended a broken place for it."""
    moved = site.log.rename(site.folder / "moved")
    site.hang_up()
    assert moved.read_text() + site.log.read_text() == site.running.said()
    assert site.log.read_text().count("SIGHUP") == 1
    site.log.unlink()
    site.log.mkdir()
    site.hang_up()
    assert f"cannot write the log file {site.log}: is not a file; going on without it" in site.running.said()
    site.log.rmdir()
    site.hang_up()
    assert site.log.read_text().count("SIGHUP") == 1


def test_where_no_file_has_a_secret_only_the_log_is_opened_again(tmp_path: Path) -> None:
    """A secret in the environment cannot change while the process runs."""
    (tmp_path / "config.yaml").write_text(f"user_handler: {{log_file: {tmp_path}/log}}\n")
    with service("--config", str(tmp_path / "config.yaml"), JWT_SECRET=OLD) as running:
        site = Site(running, tmp_path)
        assert site.hang_up() == "[INFO] (hang_up) - [-] SIGHUP: the log is open; no file with a secret is named\n"
        assert site.statuses() == [400, 401]


def test_a_file_that_the_environment_names_is_read_again(tmp_path: Path) -> None:
    """Who names the file does not matter."""
    write(tmp_path, current=OLD)
    (tmp_path / "config.yaml").write_text(f"user_handler: {{log_file: {tmp_path}/log}}\n")
    with service("--config", str(tmp_path / "config.yaml"), JWT_SECRET_FILE=f"{tmp_path}/current") as running:
        site = Site(running, tmp_path)
        site.write(current=NEW)
        assert site.hang_up().endswith(f"; read {tmp_path}/current again: the secret is a new one\n")
        assert site.statuses() == [401, 400]


def test_sighup_while_it_starts_does_not_end_it(tmp_path: Path) -> None:
    """A logrotate may run at any time. Whatever part of the start the signal meets, the service then serves."""
    (tmp_path / "config.yaml").write_text(f"user_handler: {{log_file: {tmp_path}/log}}\n")
    command = [sys.executable, "-X", "importtime", "handler.py", "--listen", "127.0.0.1:0"]
    environment = os.environ | {"CONCERTIM_CONFIG": str(tmp_path / "config.yaml")}
    out, imported = tmp_path / "out", tmp_path / "imported"
    with (
        out.open("wb") as stdout,
        imported.open("wb") as stderr,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stdout, stderr=stderr) as process,
    ):
        try:
            until = time.monotonic() + START_SECONDS
            while process.poll() is None and "listening on" not in out.read_text():
                assert time.monotonic() < until
                if "pydantic" in imported.read_text():
                    process.send_signal(signal.SIGHUP)
                time.sleep(0.005)
        finally:
            process.terminate()
    assert process.returncode == 0
    assert "listening on" in out.read_text()
