"""Tests of the unit of systemd: systemd reads it, it leaves little open, and the service bears what it asks for."""

import errno
import json
import os
import re
import shlex
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS, WRONG_USAGE
from lib.settings.settings import Settings
from tests.deploy import unit
from tests.deploy.running import LISTEN, sign_up, started, until
from tests.deploy.sandbox import OWNER, Sandbox, needs_sandbox, sandbox
from tests.support.command_line import variables_of
from tests.support.keystone import Keystone
from tests.support.pages import text_of
from tests.support.runbook import blocks_of

# What `systemd-analyze security` says of the unit, from 0 (nothing is open) to 10.
EXPOSURE = 1.1
INSTALLED = "/etc/systemd/system/user-handler.service"
VERIFY = f"mount -t tmpfs none /tmp && mount -t tmpfs none /run && systemd-analyze verify {INSTALLED}"
# What the unit forbids and an ordinary process may do, and the error that it gets.
FORBIDDEN = {
    "open('/opt/user-handler/x', 'w')": errno.EROFS,
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)": errno.EPERM,
    "mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)": errno.EPERM,
    "os.sched_setaffinity(0, os.sched_getaffinity(0))": errno.EPERM,
}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """Returns a sandbox with the service in it."""
    with sandbox() as made:
        yield made


def verified(box: Sandbox, text: str) -> str:
    """Returns what systemd has to say of a unit with this text, where all programs that it names are."""
    box.put(INSTALLED, text)
    done = subprocess.run(box.as_root(["sh", "-c", VERIFY]), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def rated(file: Path) -> list[dict[str, Any]]:
    """Returns all that systemd asks about what a unit leaves open, with its answers."""
    command = ["systemd-analyze", "security", "--offline=true", "--json=short", str(file)]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def open_in(file: Path) -> set[str]:
    """Returns the names of what systemd finds that the unit leaves open."""
    return {one["name"] for one in rated(file) if one["exposure"] and not one["set"]}


def hardening() -> list[str]:
    """Returns the lines of the unit that systemd rates, but for the umask: the log is for its group to read, too."""
    names = {name for one in rated(unit.FILE) for name in re.findall(r"(\w+)=", one["name"])} - {"UMask"}
    return [line for line in unit.LINES if line.partition("=")[0] in names]


@needs_sandbox
def test_systemd_reads_the_unit_without_a_complaint(box: Sandbox) -> None:
    """Every directive and value is one that systemd knows, and every program is there."""
    assert verified(box, unit.FILE.read_text()) == ""


@needs_sandbox
@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("RemoveIPC=", "RemoveIPX=", "Unknown key 'RemoveIPX' in section [Service]"),
        ("RestartSec=5", "RestartSec=five", "Failed to parse sec value"),
        ("2 78", "2 789", "Failed to parse value, ignoring: 789"),
        ("=@system-service", "=@system-servic", "Unknown system call group"),
        ("ExecStart=", "#", "Service has no ExecStart="),
        ("venv/bin/python", "venv/bin/pyton", "is not executable: No such file or directory"),
    ],
)
def test_systemd_complains_of_a_broken_unit(box: Sandbox, right: str, wrong: str, complaint: str) -> None:
    """A mistake in the unit would be seen by the test above."""
    text = unit.FILE.read_text()
    assert right in text
    assert complaint in verified(box, text.replace(right, wrong))


def test_the_unit_leaves_no_more_open_than_it_says() -> None:
    """The exposure is so low that systemd calls it OK. A lower threshold is not met, so the figure is the real one."""
    command = ["systemd-analyze", "security", "--offline=true", str(unit.FILE)]
    met = [
        subprocess.run([*command, f"--threshold={threshold}"], capture_output=True, check=False).returncode == 0
        for threshold in (round(EXPOSURE * 10), round(EXPOSURE * 10) - 1)
    ]
    assert met == [True, False]


@pytest.mark.parametrize("line", hardening())
def test_every_line_of_the_hardening_closes_something(tmp_path: Path, line: str) -> None:
    """Without the line, systemd finds more that is open. So none is there for nothing, and none is lost unseen."""
    copy = tmp_path / unit.FILE.name
    copy.write_text("\n".join(one for one in unit.LINES if one != line))
    assert open_in(copy) - open_in(unit.FILE)


def test_the_service_starts_again_where_that_may_help_and_has_time_to_stop() -> None:
    """Exit codes, time and folder are those of the service."""
    assert unit.value_of("Restart") == "on-failure"
    assert unit.value_of("RestartPreventExitStatus").split() == [str(WRONG_USAGE), str(MISTAKE_IN_SETTINGS)]
    assert int(unit.value_of("TimeoutStopSec")) > Settings().stop_grace + 1
    assert Path("/var/log", unit.value_of("LogsDirectory")) == Settings().log_file.parent


@needs_sandbox
def test_the_service_bears_the_unit(box: Sandbox, cloud: Keystone) -> None:
    """It serves, opens its log again and stops, as an ordinary user who can write the log alone, and with few calls."""
    secret = uuid.uuid4().hex
    config = (
        f"log_level: INFO\nopenstack: {{password: other}}\nuser_handler: {{allowed_auth_urls: [{cloud.auth_url}]}}\n"
    )
    files = {"/etc/concertim-openstack-service/config.yaml": config, "/etc/concertim-secrets/jwt-secret": secret}
    unit.load_credentials(box, files)
    log = box.at(str(Settings().log_file))
    command = [*shlex.split(unit.value_of("ExecStart")), *LISTEN]
    with started(box.command(command, unit.environment(), unit.filters()), int(unit.value_of("UMask"), 8)) as running:
        assert sign_up(running, cloud, secret) == 201
        assert (log.stat().st_uid, oct(log.stat().st_mode & 0o777)) == (OWNER, "0o640")
        moved = log.rename(log.with_suffix(".moved"))
        reload = unit.value_of("ExecReload").replace("$MAINPID", str(running.process.pid))
        subprocess.run(shlex.split(reload), check=True)
        same = f"SIGHUP: the log is open; read {unit.CREDENTIALS}/jwt-secret again: the secret is the same as before\n"
        until(lambda: same in running.said())
        assert sign_up(running, cloud, secret) == 201
        assert running.stop() == 0
        assert moved.read_text() + log.read_text() == running.said()
        assert (secret in running.said(), running.complained()) == (False, "")


@needs_sandbox
def test_a_command_of_roots_leaves_the_log_to_the_service(box: Sandbox, cloud: Keystone) -> None:
    """The commands on the page for sites work, although root alone can read the settings."""
    box.put(
        "/etc/concertim-openstack-service/config.yaml",
        f"user_handler: {{allowed_auth_urls: [{cloud.auth_url}]}}",
        0o400,
    )
    [commands] = [block for block in blocks_of(text_of("docs/deploy/README.md"), "systemd") if "check-cloud" in block]
    command = box.as_root(["sh", "-ec", commands])
    environment = {"PATH": os.environ["PATH"]} | variables_of(cloud)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.at(str(Settings().log_file)).stat().st_uid == OWNER


@needs_sandbox
def test_the_sandbox_refuses_what_the_unit_forbids(box: Sandbox) -> None:
    """What the service bears in it is therefore what it would bear under systemd, as far as the tests imitate that."""
    tries = "".join(f"try: {what}\nexcept OSError as error: print(error.errno)\n" for what in FORBIDDEN)
    command = [f"{box.venv}/bin/python", "-c", f"import mmap, os, socket\n{tries}"]
    done = subprocess.run(box.command(command, {}, unit.filters()), capture_output=True, text=True, check=True)
    assert [int(line) for line in done.stdout.split()] == list(FORBIDDEN.values())
