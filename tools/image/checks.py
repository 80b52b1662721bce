"""What ends `make image` with a message: a command that fails, and a statement that is not so."""

import subprocess
import sys
from collections.abc import Sequence

from tests.support.service import ROOT


def output_of(command: Sequence[str]) -> str:
    """Returns what this command prints. Exits with all that it said if it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def expect(so: bool, what: str) -> None:
    """Prints that this is so, or exits with the message that it is not."""
    if not so:
        sys.exit(f"NOT SO: {what}")
    print(f"ok: {what}")
