"""`make mariadb`: the tests of the sign-up and of similar names, on a Keystone whose database is MariaDB."""

import argparse
import getpass
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian import missing
from tests.support.service import ROOT, START_SECONDS

TESTS = ["tests/mariadb", "tests/cloud/test_create_user_project.py"]


def main() -> None:
    """Runs the tests, and exits with pytest's exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where no MariaDB can be had")
    if_possible = options.parse_args().if_possible
    why_not = missing(["mariadbd", "mariadb-install-db", "mariadb"], ["mariadb-server"])
    if why_not:
        print(f"NOT TESTED: there is no MariaDB: {why_not}")
        sys.exit(0 if if_possible else 1)
    with _mariadb() as socket:
        environment = os.environ | {"TEST_MARIADB_SOCKET": str(socket)}
        sys.exit(subprocess.run([sys.executable, "-m", "pytest", *TESTS], cwd=ROOT, env=environment).returncode)


@contextmanager
def _mariadb() -> Iterator[Path]:
    """Runs a MariaDB that only this user can reach, by the socket that it yields."""
    with TemporaryDirectory(prefix="mariadb-") as name:
        folder = Path(name)
        data, socket = f"--datadir={folder / 'data'}", folder / "socket"
        own = ["--no-defaults", data, f"--user={getpass.getuser()}"]
        made = ["mariadb-install-db", *own, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(made, check=True, capture_output=True)
        with (folder / "log").open("w") as log:
            command = ["mariadbd", *own, f"--socket={socket}", "--skip-networking"]
            server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until = time.monotonic() + START_SECONDS
            while not socket.exists():
                if server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("MariaDB did not start:\n" + (folder / "log").read_text()[-2000:])
                time.sleep(0.05)
            yield socket
        finally:
            server.terminate()
            server.wait(60)


if __name__ == "__main__":
    main()
