"""Debian packages that a few of the checks need and no virtual environment can hold."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

# A package that would ask something of whoever sits at the terminal takes its own answer.
SILENT = {"DEBIAN_FRONTEND": "noninteractive"}


def found(program: str) -> str | None:
    """Where this program is; Debian keeps servers where only root looks."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def missing(wanted: Sequence[str], packages: Sequence[str]) -> str:
    """Installs the packages if one of the programs or files is missing; says why it cannot, or nothing."""
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
