"""Runs `python handler.py` as an operator does in a terminal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.keystone import Keystone
from tests.support.service import ROOT

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def in_folder(folder: Path) -> Run:
    """Returns what runs handler.py with a log in this folder and nothing of this machine's settings."""
    config = folder / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {folder / 'log'}}}\n")

    def run(*arguments: str, said: str = "", **environment: str) -> Done:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "CONCERTIM"))}
        return subprocess.run(
            [sys.executable, "handler.py", *arguments],
            cwd=ROOT,
            env=inherited | {"CONCERTIM_CONFIG": str(config)} | environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def variables_of(cloud: Keystone) -> dict[str, str]:
    """Returns the environment that an openrc file sets for the account in cloud_env."""
    return {f"OS_{name.upper()}": value for name, value in cloud.cloud_env().items()}
