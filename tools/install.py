"""Makes a virtual environment and installs requirements into it, with a line of progress now and then.

It runs before anything is installed, so it uses the standard library alone.
"""

import subprocess
import sys
import time
import venv
from pathlib import Path

# Seconds between two lines of progress.
BETWEEN_LINES = 10


def main(folder: str, *requirements: str) -> None:
    """Installs requirements into a new virtual environment in this folder. If that fails, shows what pip said."""
    print(f"Installing {' and '.join(requirements)} into {folder}", flush=True)
    venv.create(folder, clear=True, with_pip=True)
    command = [str(Path(folder) / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--progress-bar=off", *(option for one in requirements for option in ("-r", one))]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said, packages, next_line = [], 0, time.monotonic() + BETWEEN_LINES
    assert pip.stdout
    for line in pip.stdout:
        said.append(line)
        packages += line.startswith("Collecting ")
        if time.monotonic() > next_line:
            print(f"  {packages} packages so far …", flush=True)
            next_line = time.monotonic() + BETWEEN_LINES
    if pip.wait():
        sys.exit("".join(said))
    print(f"  {packages} packages installed", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
