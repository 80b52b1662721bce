"""What developers run: the Makefile, the checks before a change lands, and `make run`."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import psutil
import pytest
import yaml

from lib.settings.loading import PATH_VARIABLE
from tests.support.keystone import Keystone
from tests.support.service import ROOT
from tools.run import check_port

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = {one for line in re.findall(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE) for one in line.split()}


def made(*arguments: str, folder: Path = ROOT) -> str:
    """Returns what make says when it runs with these arguments in this folder."""
    # These would make it a part of the make that runs the tests.
    others = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    command = ["make", *arguments]
    return subprocess.run(
        command, cwd=folder, env=others, capture_output=True, text=True, timeout=30, check=True
    ).stdout


def test_make_help_tells_what_every_target_is_for() -> None:
    """The list is made of the Makefile itself, so a target without a comment would be missing."""
    told = dict(re.findall(r"^  make (\w+) +(\S.*)$", made("help"), re.MULTILINE))
    assert told.keys() == TARGETS


def test_make_alone_is_make_help() -> None:
    """Somebody who does not know the targets runs nothing by accident."""
    assert made() == made("help")


def test_make_clean_removes_all_that_git_ignores(tmp_path: Path) -> None:
    """What the targets make is in .gitignore, and nothing of it stays behind."""
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "Makefile").write_text(MAKEFILE)
    for pattern in (ROOT / ".gitignore").read_text().split():
        for name in ("one", "other") if "*" in pattern else ("",):
            (folder / pattern.strip("/").replace("*", name)).mkdir()
    made("clean", folder=folder)
    assert [path.name for path in folder.iterdir()] == ["Makefile"]


def test_what_must_pass_before_a_change_lands_can_be_run() -> None:
    """Each line of .ci/run is a target of the Makefile, with the options that it takes."""
    lines = re.findall(r"^make (\w+)(?: (\w+)=\S+)?$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert {target for target, _ in lines} <= TARGETS
    assert {option for _, option in lines if option and f"$({option})" not in MAKEFILE} == set()


def test_the_hook_before_a_commit_checks_what_make_lint_checks() -> None:
    """It runs `make lint` itself, with what is installed, so nothing is downloaded and the two cannot differ."""
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    [hook] = repository["hooks"]
    assert (repository["repo"], hook["language"], hook["entry"]) == ("local", "system", "make lint")


def test_make_run_says_plainly_that_its_port_is_taken() -> None:
    """It says so before it starts anything, and names a port to try instead."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "tools.run", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    instead = port + 1 if port < 65535 else 42356
    why = f"Port {port} is taken. Choose another one: make run PORT={instead}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", why)


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_make_run_says_plainly_that_its_port_is_none(port: int) -> None:
    """Ports are numbers from 1 to 65535."""
    with pytest.raises(SystemExit) as stopped:
        check_port(port)
    assert stopped.value.code == f"Port {port} is no port. Choose another one: make run PORT=42356"


@contextmanager
def running_with(**environment: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Runs what `make run` runs until the block ends. Yields it with what it wrote before the service listened."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tools.run", "--port", str(port)]
    running = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout
        lines = [*takewhile(lambda line: f"listening on 127.0.0.1:{port}" not in line, running.stdout)]
        yield running, "".join(lines)
    finally:
        running.terminate()
        running.communicate(timeout=30)


def test_make_run_serves_openstack_commands_and_then_stops_all_that_it_started(tmp_path: Path) -> None:
    """The catalog that comes with a token leads back to Keystone. The settings of a site on this machine do not matter.

    One test for all of it, as a start takes seconds.
    """
    site = tmp_path / "config.yaml"
    site.write_text("user_handler: {no_such_setting: 1}\n")
    with running_with(**{PATH_VARIABLE: str(site)}) as (running, said):
        [auth_url] = re.findall(r"export OS_AUTH_URL=(\S+)", said)
        session = Keystone(auth_url).admin.session
        for interface in ("public", "internal", "admin"):
            found = session.get_endpoint(service_type="identity", interface=interface, region_name="RegionOne")
            assert found == auth_url

        started = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGINT)
        last = running.communicate(timeout=30)[0].splitlines()[-1]
        assert (running.returncode, last) == (0, "The service and Keystone were stopped.")
        assert (len(started), [one for one in started if one.is_running()]) == (2, [])
