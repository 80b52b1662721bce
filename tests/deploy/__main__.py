"""Runs the tests of docs/deploy for `make deploy`, and installs what they need from Debian and from npm."""

import argparse
import shutil
import subprocess
import sys

from tests.deploy.schemas import NPM_FILES, SCHEMAS
from tests.support.debian import found, missing
from tests.support.service import ROOT

# Debian's package of each program.
PACKAGES = {
    "nginx": "nginx-light",
    "haproxy": "haproxy",
    "logrotate": "logrotate",
    "systemd-analyze": "systemd",
    "node": "nodejs",
    "npm": "npm",
}


def main() -> None:
    """Runs the tests, and exits with the code of pytest."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--if-possible", action="store_true", help="go on where a program or the schemas cannot be had"
    )
    if_possible = options.parse_args().if_possible
    # What is there stays as it is: a node that is not Debian's brings its own npm.
    wanted = [package for program, package in PACKAGES.items() if not found(program)]
    if why_not := missing([*PACKAGES], wanted):
        print(f"NOT TESTED: the files in docs/deploy: {why_not}")
        sys.exit(0 if if_possible else 1)
    left_out = []
    if why_not := _schemas():
        print(f"NOT TESTED: the schemas of Knative: {why_not}")
        left_out = ["--ignore=tests/deploy/test_knative.py"]
    if left_out and not if_possible:
        sys.exit(1)
    tests = [sys.executable, "-m", "pytest", "tests/deploy", "--numprocesses=2", *left_out]
    sys.exit(subprocess.run(tests, cwd=ROOT, check=False).returncode)


def _schemas() -> str:
    """Installs the schemas of Knative, unless they are there. Returns why it cannot, or an empty string."""
    if all((SCHEMAS / one.name).exists() and (SCHEMAS / one.name).read_text() == one.read_text() for one in NPM_FILES):
        return ""
    shutil.rmtree(SCHEMAS, ignore_errors=True)
    SCHEMAS.mkdir()
    for one in NPM_FILES:
        shutil.copy(one, SCHEMAS)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--no-update-notifier"]
    done = subprocess.run(command, cwd=SCHEMAS, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(SCHEMAS)
    return done.stderr[-500:] if done.returncode else ""


if __name__ == "__main__":
    main()
