"""Debian packages that a few of the checks need and no virtual environment can hold."""

import os
import shutil
import subprocess
from collections.abc import Sequence


def missing(commands: Sequence[str], packages: Sequence[str]) -> str:
    """Installs the packages if one of the commands is missing; says why it cannot, or nothing."""
    if all(map(shutil.which, commands)):
        return ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"as root on Debian this would install {' '.join(packages)}"
    print(f"Installing from Debian: {' '.join(packages)}", flush=True)
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-q", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"apt-get {command[0]} failed: {done.stderr[-500:]}"
    return ""
