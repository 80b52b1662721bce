"""What developers run: `make help` tells of every target, and `make run` says why it cannot start."""

import re
import socket
import subprocess
import sys

from tests.support.service import ROOT


def test_make_help_tells_what_every_target_is_for() -> None:
    """The list is made of the Makefile itself, so a target without a comment would be missing."""
    makefile = (ROOT / "Makefile").read_text()
    targets = {one for line in re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE) for one in line.split()}
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = dict(re.findall(r"^  make (\w+) +(\S.*)$", done.stdout, re.MULTILINE))
    assert told.keys() == targets


def test_make_run_says_plainly_that_its_port_is_taken() -> None:
    """It says so before it starts anything, and names a port to try instead."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "tools.run", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    instead = 42356 if port > 65000 else port + 1
    why = f"Port {port} is taken. Choose another one: make run PORT={instead}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", why)
