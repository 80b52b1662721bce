"""Runs a real MariaDB for a Keystone, and installs it where that is possible."""

import getpass
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian import missing
from tests.support.ports import wait_until_it_listens


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
            wait_until_it_listens(server, socket, folder / "log")
            yield socket
        finally:
            server.terminate()
            server.wait(60)
