"""Runs the tests with a real Prometheus for `make prometheus`, and installs Prometheus if that is possible."""

import argparse
import subprocess
import sys

from tests.support.debian import missing
from tests.support.service import ROOT


def main() -> None:
    """Runs the tests, and exits with the code of pytest."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where no Prometheus can be had")
    if_possible = options.parse_args().if_possible
    why_not = missing(["prometheus", "promtool"], ["prometheus"])
    if why_not:
        print(f"NOT TESTED: there is no Prometheus: {why_not}")
        sys.exit(0 if if_possible else 1)
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "tests/prometheus"], cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
