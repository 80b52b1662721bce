"""Runs the tests of the hosts for `make hosts`, and installs Apache before if that is possible."""

import subprocess
import sys

from tests.hosts import apache
from tests.support.debian import missing
from tests.support.service import ROOT


def main() -> None:
    """Runs the tests, and exits with the code of pytest."""
    why_not = "" if apache.PROGRAM else missing(["apache2"], ["apache2", "libapache2-mod-wsgi-py3"])
    if why_not:
        print(f"NOT TESTED: Apache: {why_not}")
    command = [sys.executable, "-m", "pytest", "tests/hosts", "--numprocesses=2", "--dist=loadgroup"]
    sys.exit(subprocess.run(command, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
