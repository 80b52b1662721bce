"""Tests of the unit of systemd: systemd reads it, it leaves little open, and the service bears what it asks for."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS, WRONG_USAGE
from lib.settings.settings import Settings
from tests.deploy import unit
from tests.deploy.sandbox import Sandbox, needs_sandbox, sandbox

# What `systemd-analyze security` says of the unit, from 0 (nothing is open) to 10.
EXPOSURE = 1.1
LISTENING = r"listening on (\S+)"
INSTALLED = "/etc/systemd/system/user-handler.service"
VERIFY = f"mount -t tmpfs none /tmp && mount -t tmpfs none /run && systemd-analyze verify {INSTALLED}"


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
