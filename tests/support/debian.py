"""Installs the Debian packages that some checks need and that no virtual environment can hold."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Packages must not ask questions at the terminal, but go on with their default answers.
SILENT = {"DEBIAN_FRONTEND": "noninteractive"}


def found(program: str) -> str | None:
    """Returns the path of this program, or None. Debian keeps servers in a folder that only root's PATH has."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def missing(wanted: Sequence[str], packages: Sequence[str]) -> str:
    """Installs the packages if one of the programs or files is missing. Returns why it cannot, or an empty string."""
    if all(found(one) or Path("/", one).exists() for one in wanted):
        return ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"as root on Debian this would install {' '.join(packages)}"
    print(f"Installing from Debian: {' '.join(packages)}", flush=True)
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "-q", *command], env=os.environ | SILENT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"apt-get {command[0]} failed: {done.stderr[-500:]}"
    return ""
