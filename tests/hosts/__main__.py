"""`make hosts`: the matrix of hosts, with Apache where it can be installed."""

import subprocess
import sys

from tests.hosts import apache
from tests.support.debian import missing
from tests.support.service import ROOT


def main() -> None:
    """Runs the tests, and exits with pytest's exit code."""
    why_not = "" if apache.PROGRAM else missing(["apache2"], ["apache2", "libapache2-mod-wsgi-py3"])
    if why_not:
        print(f"NOT TESTED: Apache: {why_not}")
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "tests/hosts"], cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
