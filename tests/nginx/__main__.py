"""`make nginx`: what the service answers where a real nginx stands in front of Keystone and answers in its place."""

import argparse
import subprocess
import sys

from tests.support.debian import missing
from tests.support.service import ROOT


def main() -> None:
    """Runs the tests, and exits with pytest's exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where no nginx can be had")
    if_possible = options.parse_args().if_possible
    why_not = missing(["nginx"], ["nginx"])
    if why_not:
        print(f"NOT TESTED: there is no nginx: {why_not}")
        sys.exit(0 if if_possible else 1)
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "tests/nginx"], cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
