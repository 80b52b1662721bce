"""Runs a folder of tests that need a server of Debian's, and installs the server if that is possible."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence

from tests.support.debian import missing
from tests.support.service import ROOT


def run_with(name: str, folder: str, programs: Sequence[str], packages: Sequence[str], *more: str) -> None:
    """Runs the tests in the folder, and exits with the code of pytest.

    `name` is what people call the server, and `more` has further arguments of pytest.
    """
    options = argparse.ArgumentParser(description=f"Runs the tests with a real {name}.")
    options.add_argument("--if-possible", action="store_true", help=f"end with 0 where no {name} can be had")
    if_possible = options.parse_args().if_possible
    if why_not := missing(programs, packages):
        print(f"NOT TESTED: there is no {name}: {why_not}")
        sys.exit(0 if if_possible else 1)
    # Ctrl-C in a terminal is for pytest, which stops what it has started. It would be killed before it has.
    signal.signal(signal.SIGINT, lambda *_: None)
    command = [sys.executable, "-m", "pytest", folder, *more]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)
