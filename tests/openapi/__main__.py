"""Runs the tests of the contract for `make openapi`, and installs what they need from Debian if that is possible."""

import argparse
import shutil
import subprocess
import sys

from tests.support.debian import missing
from tests.support.service import ROOT

CLIENT = ROOT / ".openapi" / "client"


def main() -> None:
    """Runs the tests, and exits with the code of pytest."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="go on where a part cannot be tested")
    if_possible = options.parse_args().if_possible
    parts = {
        "client": missing(["java", "node", "npm"], ["default-jre-headless", "nodejs", "npm"]) or _compiler(),
        "page": missing(["chromium"], ["chromium"]),
    }
    for part, why_not in parts.items():
        if why_not:
            print(f"NOT TESTED: the {part}: {why_not}")
    if any(parts.values()) and not if_possible:
        sys.exit(1)
    left_out = [f"--ignore=tests/openapi/test_{part}.py" for part, why_not in parts.items() if why_not]
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "tests/openapi", *left_out], cwd=ROOT).returncode)


def _compiler() -> str:
    """Installs the compiler of the generated client. Returns why it cannot, or an empty string."""
    CLIENT.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "tests" / "openapi" / "client" / name, CLIENT)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--no-update-notifier"]
    done = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, check=False)
    return done.stderr[-500:] if done.returncode else ""


if __name__ == "__main__":
    main()
