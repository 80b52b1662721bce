"""Runs the tests with a domain in an LDAP directory for `make ldap`, and installs OpenLDAP if that is possible."""

import argparse
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.debian import missing
from tests.support.service import ROOT

# python-ldap has no wheels, so it must be compiled.
WANTED = ["slapd", "gcc", "/usr/include/ldap.h", "/usr/include/sasl/sasl.h"]
PACKAGES = ["slapd", "gcc", "libldap-dev", "libsasl2-dev", "python3-dev"]


def main() -> None:
    """Runs the tests, and exits with the code of pytest."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where no LDAP can be had")
    if_possible = options.parse_args().if_possible
    why_not = why_not_here()
    if why_not:
        print(f"NOT TESTED: there is no LDAP: {why_not}")
        sys.exit(0 if if_possible else 1)
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "tests/ldap"], cwd=ROOT).returncode)


def why_not_here() -> str:
    """Installs OpenLDAP and Keystone's driver for it if they are missing. Returns why it cannot, or an empty string."""
    return missing([*WANTED, str(Path(sysconfig.get_path("include")) / "Python.h")], PACKAGES) or _not_installed()


def _not_installed() -> str:
    """Installs Keystone's LDAP driver. Returns why it cannot, or an empty string."""
    done = subprocess.run(["make", ".ldap/installed"], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr[-500:] if done.returncode else ""


if __name__ == "__main__":
    main()
