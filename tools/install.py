"""Makes a virtual environment and installs requirements into it, with a line of progress now and then.

It runs before anything is installed, so it uses the standard library alone.
"""

import argparse
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

# Seconds between two lines of progress: few enough lines for the log of a CI system.
BETWEEN_LINES = 10
# pip writes one of these lines for each package, by whether it comes from a registry or from a folder.
PACKAGE = ("Collecting ", "Processing ")


def main() -> None:
    """Makes the environment that the arguments name. Exits with what pip said if that fails."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", help="the virtual environment; what is there is removed first")
    arguments.add_argument("requirements", help="a file of requirements")
    arguments.add_argument(
        "--beside", metavar="FOLDER", help="a virtual environment whose packages can be imported too"
    )
    chosen = arguments.parse_args()
    print(f"Installing {chosen.requirements} into {chosen.folder}", flush=True)
    # Not by the module venv itself: the command says what to install if Python lacks a part of it.
    if subprocess.run([sys.executable, "-m", "venv", "--clear", chosen.folder], check=False).returncode:
        sys.exit(f"There is no virtual environment in {chosen.folder}.")
    if chosen.beside:
        Path(packages_of(chosen.folder), "beside.pth").write_text(f"{packages_of(chosen.beside)}\n")
    install(chosen.folder, chosen.requirements)


def packages_of(folder: str) -> str:
    """Returns the path of the folder that a virtual environment imports packages from."""
    return sysconfig.get_path("purelib", "venv", {"base": str(Path(folder).resolve())})


def install(folder: str, requirements: str) -> None:
    """Runs pip, and shows how far it is. Exits with all that pip said if it fails."""
    command = [f"{folder}/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    pip = subprocess.Popen(
        [*command, "-r", requirements], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    said, found, next_line = [], 0, time.monotonic() + BETWEEN_LINES
    assert pip.stdout
    for line in pip.stdout:
        said.append(line)
        found += line.startswith(PACKAGE)
        if line.startswith("Installing collected packages"):
            print(f"  all {found} packages are here, and are put into place …", flush=True)
            next_line = float("inf")
        elif time.monotonic() > next_line:
            print(f"  {found} packages so far …", flush=True)
            next_line = time.monotonic() + BETWEEN_LINES
    if pip.wait():
        sys.exit("".join(said))
    print("  done", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted. The same command begins again.")
