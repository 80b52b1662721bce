"""Runs a real MariaDB for a Keystone, and installs it where that is possible."""

import getpass
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian import missing
from tests.support.service import START_SECONDS


def why_not_here() -> str:
    """Installs MariaDB if it is missing. Returns why it cannot, or an empty string."""
    return missing(["mariadbd", "mariadb-install-db", "mariadb"], ["mariadb-server"])


@contextmanager
def mariadb() -> Iterator[Path]:
    """Runs a MariaDB that only this user can reach, and yields the path of its socket."""
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
