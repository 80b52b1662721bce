"""Tests that a real systemd runs the service as the unit says, and that the service bears what the unit asks for."""

import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS
from lib.settings.settings import Settings
from tests.deploy import unit
from tests.deploy.booted import UNITS, Booted, booted, needs_systemd
from tests.deploy.running import sign_up, until
from tests.deploy.sandbox import OWNER, Sandbox, needs_sandbox, sandbox
from tests.support.command_line import variables_of
from tests.support.keystone import Keystone
from tests.support.pages import text_of
from tests.support.runbook import blocks_of

PAGE = "docs/deploy/README.md"
OTHER_SECRET = "another secret of the Concertim UI, long enough"
LISTENING = r"listening on (\S+)"
# What the kernel says of a process that has no rights, gets none, and may make few system calls.
RIGHTS = {
    "Uid": "\t".join([str(OWNER)] * 4),
    "CapEff": "0" * 16,
    "CapBnd": "0" * 16,
    "CapAmb": "0" * 16,
    "NoNewPrivs": "1",
    "Seccomp": "2",
}


@dataclass(frozen=True)
class Site:
    """A host with a systemd that has the unit."""

    box: Sandbox
    systemd: Booted
    secret: str

    def write(self, secret: str, settings: str) -> None:
        """Writes the secret and the settings where the unit takes them from. Root alone can read them."""
        files = {"/etc/concertim-openstack-service/config.yaml": settings, "/etc/concertim-secrets/jwt-secret": secret}
        for path, text in files.items():
            self.box.put(path, text, 0o400)

    @property
    def log(self) -> Path:
        """The log of the service."""
        return self.box.at(str(Settings().log_file))

    def systemctl(self, command: str, *options: str) -> str:
        """Does this with the unit, and returns what systemctl says."""
        return self.systemd.run("systemctl", command, *options, unit.FILE.name)

    def shown(self, name: str) -> str:
        """Returns this property of the unit."""
        return self.systemctl("show", "--value", f"--property={name}")

    def url(self, starts: int = 1) -> str:
        """Returns the URL at which the service listens after so many starts, once it does."""
        until(lambda: self.log.exists() and len(re.findall(LISTENING, self.log.read_text())) == starts)
        return f"http://{re.findall(LISTENING, self.log.read_text())[-1]}"


pytestmark = [needs_sandbox, needs_systemd]


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Returns a sandbox with the service in it."""
    with sandbox() as made:
        yield made


@pytest.fixture
def site(box: Sandbox, cloud: Keystone) -> Iterator[Site]:
    """Runs a systemd on a host as an operator prepares it, with a secret and settings that root alone can read."""
    with booted(box) as systemd:
        running = Site(box, systemd, uuid.uuid4().hex)
        running.write(running.secret, f"user_handler: {{allowed_auth_urls: [{cloud.auth_url}]}}\n")
        yield running


def test_systemd_runs_the_service(site: Site, cloud: Keystone) -> None:
    """It serves, opens its log again and stops, as an ordinary user without rights. No log has the secret."""
    assert site.systemctl("start") == ""
    assert sign_up(site.url(), cloud, site.secret) == 201
    status = site.systemd.run("cat", f"/proc/{site.shown('MainPID')}/status")
    told = dict(line.split(":\t", 1) for line in status.splitlines())
    assert {name: told[name] for name in RIGHTS} == RIGHTS
    assert (site.log.stat().st_uid, oct(site.log.stat().st_mode & 0o777)) == (OWNER, "0o640")
    moved = site.log.rename(site.log.with_suffix(".moved"))
    site.write(OTHER_SECRET, "")
    assert site.systemctl("reload") == ""
    read = f"SIGHUP: the log is open; read {unit.CREDENTIALS}/jwt-secret again: the secret is the same as before\n"
    until(lambda: site.log.exists() and read in site.log.read_text())
    assert site.systemctl("stop") == ""
    assert (site.shown("Result"), site.shown("ExecMainStatus")) == ("success", "0")
    assert site.log.read_text().endswith(" - [INFO] (server) - [-] stopped\n")
    assert site.secret not in moved.read_text() + site.log.read_text()


def test_systemd_starts_a_service_that_was_killed_again(site: Site, cloud: Keystone) -> None:
    """The new process serves, too."""
    site.systemctl("start")
    assert site.url()
    site.systemctl("kill", "--signal=KILL", "--kill-who=main")
    assert sign_up(site.url(starts=2), cloud, site.secret) == 201
    assert site.shown("NRestarts") == "1"


def test_a_secret_is_exchanged_by_restarts(site: Site, cloud: Keystone) -> None:
    """The lines on the page for sites let the service accept the old secret, too, until the UI has the new one."""
    blocks = blocks_of(text_of(PAGE), "systemd")
    [credential], [setting] = (
        [one for one in blocks if name in one] for name in ("LoadCredential=", "_previous_file:")
    )
    site.box.put("/etc/concertim-secrets/jwt-secret-previous", site.secret, 0o400)
    site.box.put(f"{UNITS}/{unit.FILE.name}.d/previous.conf", f"[Service]\n{credential.strip()}\n")
    site.write(OTHER_SECRET, f"user_handler:\n{setting}    allowed_auth_urls: [{cloud.auth_url}]\n")
    site.systemd.run("systemctl", "daemon-reload")
    assert site.systemctl("start") == ""
    assert [sign_up(site.url(), cloud, secret) for secret in (site.secret, OTHER_SECRET)] == [201, 201]


@pytest.mark.parametrize(("secret", "settings"), [("short", ""), (OTHER_SECRET, "user_handler: {deadlin: 5}")])
def test_systemd_does_not_start_a_service_with_a_mistake_again(site: Site, secret: str, settings: str) -> None:
    """The unit has failed, so that somebody sees it, and nothing is tried again and again."""
    site.write(secret, settings)
    site.systemctl("start")
    until(lambda: site.shown("ActiveState") == "failed")
    assert (site.shown("ExecMainStatus"), site.shown("NRestarts")) == (str(MISTAKE_IN_SETTINGS), "0")


def test_a_command_of_roots_leaves_the_log_to_the_service(box: Sandbox, cloud: Keystone) -> None:
    """The commands on the page for sites work, although root alone can read the settings."""
    box.put(
        "/etc/concertim-openstack-service/config.yaml",
        f"user_handler: {{allowed_auth_urls: [{cloud.auth_url}]}}",
        0o400,
    )
    [commands] = [block for block in blocks_of(text_of(PAGE), "systemd") if "check-cloud" in block]
    command = box.as_root(["sh", "-ec", commands])
    environment = {"PATH": os.environ["PATH"]} | variables_of(cloud)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.at(str(Settings().log_file)).stat().st_uid == OWNER
