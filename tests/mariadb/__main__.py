"""Runs tests/mariadb and the sign-up tests on a Keystone with MariaDB for `make mariadb`, and installs MariaDB."""

import argparse
import os
import subprocess
import sys

from tests.support.mariadb import mariadb, why_not_here
from tests.support.service import ROOT

TESTS = ["tests/mariadb", "tests/cloud/test_create_user_project.py"]


def main() -> None:
    """Runs the tests, and exits with the code of pytest."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where no MariaDB can be had")
    if_possible = options.parse_args().if_possible
    why_not = why_not_here()
    if why_not:
        print(f"NOT TESTED: there is no MariaDB: {why_not}")
        sys.exit(0 if if_possible else 1)
    with mariadb() as socket:
        environment = os.environ | {"TEST_MARIADB_SOCKET": str(socket)}
        command = [sys.executable, "-m", "pytest", *TESTS, "--numprocesses=2"]
        sys.exit(subprocess.run(command, cwd=ROOT, env=environment).returncode)


if __name__ == "__main__":
    main()
