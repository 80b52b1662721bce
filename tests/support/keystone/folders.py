"""The folder of a Keystone: its configuration, its keys and its database, which is prepared for Concertim."""

import configparser
import getpass
import grp
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.keystone.cloud import ADMIN_PASSWORD, Keystone
from tests.support.keystone.serving import served

HERE = Path(__file__).parent
# The Makefile makes this folder, so that Keystone's hundred packages stay out of the service's virtual environment.
HOME = HERE.parents[2] / ".keystone"
# The Python that has the Keystone of the tests, if it is not the newest one (`make clouds`).
PYTHON = Path(os.environ.get("TEST_KEYSTONE_PYTHON") or HOME / "venv" / "bin" / "python")
# If set, each Keystone has a database of its own in the MariaDB at this socket (`make mariadb`), and else on SQLite.
MARIADB_SOCKET = os.environ.get("TEST_MARIADB_SOCKET", "")

Options = Mapping[str, Mapping[str, str]]


@contextmanager
def configured(
    options: Options, python: Path = PYTHON, *, fresh: bool = False, mariadb: str = MARIADB_SOCKET
) -> Iterator[Path]:
    """Makes the folder of a Keystone that is prepared for Concertim, with these options by section.

    Its database is a copy of one that was prepared once, unless the options matter to its preparation (`fresh`).
    """
    with TemporaryDirectory(prefix="keystone-") as name:
        folder = Path(name)
        if mariadb or fresh:
            _prepare(folder, options if fresh else {}, python, mariadb)
        else:
            shutil.copytree(_prepared(python), folder, dirs_exist_ok=True)
        configure(folder, options, mariadb)
        yield folder


def configure(folder: Path, options: Options, mariadb: str = MARIADB_SOCKET) -> None:
    """Writes the configuration of a Keystone, with these options by section."""
    config = configparser.ConfigParser(interpolation=None)
    config.read_dict(
        {
            "DEFAULT": {"use_stderr": "false", "log_file": str(folder / "keystone.log")},
            "database": {"connection": _database(folder, mariadb)},
            "token": {"provider": "fernet"},
            "fernet_tokens": {"key_repository": str(folder / "fernet-keys")},
            "fernet_receipts": {"key_repository": str(folder / "receipt-keys")},
            "credential": {"key_repository": str(folder / "credential-keys")},
            # Clouds cache with memcached; a cache makes each call ten times faster.
            "cache": {"enabled": "true", "backend": "dogpile.cache.memory"},
            # Tests need no strong hashes; benchmarks set Keystone's default of 12.
            "identity": {"password_hash_rounds": "4"},
        }
    )
    config.read_dict(options)
    with (folder / "keystone.conf").open("w") as file:
        config.write(file)


def manage(folder: Path, *command: str, python: Path = PYTHON, **environment: str) -> None:
    """Runs keystone-manage with this command."""
    program = "from keystone.cmd.manage import main; main()"
    done = subprocess.run(
        [python, "-c", program, "--config-dir", folder, *command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"keystone-manage {command[0]} failed:\n{done.stderr}")


def owner() -> list[str]:
    """Returns the options by which keystone-manage leaves keys to this user."""
    return ["--keystone-user", getpass.getuser(), "--keystone-group", grp.getgrgid(os.getgid()).gr_name]


def _prepared(python: Path) -> Path:
    """Returns the folder of a prepared Keystone, which is made on first use and whenever the recipe changes."""
    recipe = b"".join((HERE / name).read_bytes() for name in ("folders.py", "cloud.py"))
    kept = HOME / f"prepared-{_version(python)}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    if kept.exists():
        return kept
    # Its removal finds nothing once the folder has its name, and removes what an interrupted start leaves.
    with TemporaryDirectory(prefix="preparing-", dir=HOME, ignore_cleanup_errors=True) as name:
        _prepare(Path(name), {}, python)
        # This fails if another process has made the folder in the meantime.
        with suppress(OSError):
            Path(name).rename(kept)
    return kept


@cache
def _version(python: Path) -> str:
    program = "import importlib.metadata; print(importlib.metadata.version('keystone'))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def _prepare(folder: Path, options: Options, python: Path, mariadb: str = "") -> None:
    """Makes and fills the database as an operator does for Concertim."""
    configure(folder, options, mariadb)
    manage(folder, "db_sync", python=python)
    for keys in ("fernet_setup", "credential_setup", "receipt_setup"):
        manage(folder, keys, *owner(), python=python)
    manage(folder, "bootstrap", python=python, OS_BOOTSTRAP_PASSWORD=ADMIN_PASSWORD)
    with served(folder, python) as auth_url:
        bare = Keystone(auth_url)
        # An operator prepares these by hand for Concertim, as docs/operations.md says.
        bare.admin.roles.create("watcher")
        bare.admin.users.create("concertim", domain=bare.default_domain_id(), password="concertim-password")


def _database(folder: Path, mariadb: str) -> str:
    if not mariadb:
        return f"sqlite:///{folder / 'keystone.db'}"
    name = folder.name.replace("-", "_")
    # OpenStack's installers make the database so; its collation compares without case and accents.
    create = f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci"
    subprocess.run(["mariadb", "--no-defaults", "--user=root", f"--socket={mariadb}", "-e", create], check=True)
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={mariadb}&charset=utf8mb3"
