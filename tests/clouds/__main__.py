"""Runs tests/clouds for `make clouds`, and installs what its Keystones are made of."""

import argparse
import json
import os
import subprocess
import sys

from tests.clouds.rows import ZED
from tests.clouds.test_clouds import LACKS_VARIABLE
from tests.ldap.__main__ import why_not_here as why_no_ldap
from tests.support.debian import missing
from tests.support.mariadb import why_not_here as why_no_mariadb
from tests.support.service import ROOT

VERSION = "22."


def main() -> None:
    """Runs the tests, then the contract on the oldest Keystone. Exits with the first code of pytest that is not 0."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where a cloud cannot be had")
    if_possible = options.parse_args().if_possible
    reasons = {
        "zed": why_no_zed(),
        "haproxy": missing(["haproxy"], ["haproxy"]),
        "memcached": missing(["memcached"], ["memcached"]),
        "mariadb": why_no_mariadb(),
        "ldap": why_no_ldap(),
    }
    lacks = {part: f"there is no {part}: {why}" for part, why in reasons.items() if why}
    code = run("tests/clouds", "--numprocesses=2", **{LACKS_VARIABLE: json.dumps(lacks)})
    if "zed" in lacks:
        print(f"NOT TESTED: what every release of the UI does on the oldest Keystone: {lacks['zed']}")
    else:
        code = code or run("tests/contract", "--numprocesses=2", TEST_KEYSTONE_PYTHON=str(ZED))
    sys.exit(code or bool(lacks and not if_possible))


def run(*arguments: str, **environment: str) -> int:
    """Returns the exit code of pytest with these arguments."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment).returncode


def why_no_zed() -> str:
    """Installs the Keystones of 2022 if they are missing. Returns why it cannot, or an empty string."""
    packages = ["python3-keystone", "python3-waitress"]
    folders = [f"usr/lib/python3/dist-packages/{name}" for name in ("keystone", "waitress")]
    if why := missing(folders, packages):
        return why
    program = "import importlib.metadata; print(importlib.metadata.version('keystone'))"
    version = subprocess.run([ZED, "-c", program], capture_output=True, text=True).stdout.strip()
    if not version.startswith(VERSION):
        return f"the Keystone of Debian here is {version or 'broken'}"
    done = subprocess.run(["make", ".clouds/22.0.1/installed"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    return done.stderr[-500:] if done.returncode else ""


if __name__ == "__main__":
    main()
