"""Runs a real Keystone on loopback for tests and development, from a database that is bootstrapped once."""

import configparser
import getpass
import grp
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from keystoneclient.v3.client import Client

HERE = Path(__file__).parent
# The Makefile makes this folder, so that Keystone's hundred packages stay out of the service's virtual environment.
HOME = HERE.parents[2] / ".keystone"
BIN = HOME / "venv" / "bin"

# If set, each Keystone has a database of its own in the MariaDB at this socket (`make mariadb`), and else on SQLite.
MARIADB_SOCKET = os.environ.get("TEST_MARIADB_SOCKET", "")

ADMIN_PASSWORD = "admin-password"
Options = Mapping[str, Mapping[str, str]]


class Keystone:
    """A running Keystone with a database of its own."""

    def __init__(self, auth_url: str) -> None:
        self.auth_url = auth_url
        self.admin = self.client(username="admin", password=ADMIN_PASSWORD, project_name="admin")

    def cloud_env(self) -> dict[str, Any]:
        """Returns the cloud environment in the form of the July 2023 UI (E1)."""
        return {
            "auth_url": self.auth_url,
            "username": "admin",
            "password": ADMIN_PASSWORD,
            "project_name": "admin",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }

    def cloud_env_by_ids(self) -> dict[str, Any]:
        """Returns the cloud environment in the form of UI v0.2.0 and later (E2)."""
        admin = self.admin.session.auth.get_access(self.admin.session)
        return {
            "auth_url": self.auth_url,
            "user_id": admin.user_id,
            "password": ADMIN_PASSWORD,
            "project_id": admin.project_id,
        }

    def client(self, **credentials: Any) -> Client:
        """Returns a keystoneclient with these credentials; names without a domain are those of the domain `default`."""
        if "username" in credentials:
            credentials = {"user_domain_id": "default", **credentials}
        if "project_name" in credentials:
            credentials = {"project_domain_id": "default", **credentials}
        login: Any = v3.Password(self.auth_url, **credentials)
        return Client(session=Session(auth=login, timeout=60), endpoint_override=self.auth_url)


@contextmanager
def keystone(options: Options | None = None, port: int = 0, python: Path = BIN / "python") -> Iterator[Keystone]:
    """Runs a Keystone that is prepared for Concertim.

    `options` are added to its configuration, by section.
    """
    with TemporaryDirectory(prefix="keystone-") as name:
        folder = Path(name)
        if MARIADB_SOCKET:
            _prepare(folder)
        else:
            shutil.copytree(_prepared(), folder, dirs_exist_ok=True)
        with _running(folder, options or {}, port, python) as running:
            yield running


def _prepared() -> Path:
    """Returns the folder of a prepared Keystone, which is made on first use and whenever the recipe changes."""
    recipe = b"".join((HERE / name).read_bytes() for name in ("__init__.py", "requirements.txt"))
    kept = HOME / f"prepared-{hashlib.sha256(recipe).hexdigest()[:12]}"
    if kept.exists():
        return kept
    # Its removal finds nothing once the folder has its name, and removes what an interrupted start leaves.
    with TemporaryDirectory(prefix="preparing-", dir=HOME, ignore_cleanup_errors=True) as name:
        _prepare(Path(name))
        # This fails if another process has made the folder in the meantime.
        with suppress(OSError):
            Path(name).rename(kept)
    return kept


def _prepare(folder: Path) -> None:
    """Makes and fills the database as an operator does for Concertim."""
    _configure(folder, {})
    owner = ["--keystone-user", getpass.getuser(), "--keystone-group", grp.getgrgid(os.getgid()).gr_name]
    _manage(folder, "db_sync")
    for keys in ("fernet_setup", "credential_setup", "receipt_setup"):
        _manage(folder, keys, *owner)
    _manage(folder, "bootstrap", OS_BOOTSTRAP_PASSWORD=ADMIN_PASSWORD)
    with _running(folder, {}) as bare:
        # An operator prepares these by hand for Concertim, as docs/operations.md says.
        bare.admin.roles.create("watcher")
        bare.admin.users.create("concertim", domain="default", password="concertim-password")


def _configure(folder: Path, options: Options) -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read_dict(
        {
            "DEFAULT": {"use_stderr": "false", "log_file": str(folder / "keystone.log")},
            "database": {"connection": _database(folder)},
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


def _database(folder: Path) -> str:
    if not MARIADB_SOCKET:
        return f"sqlite:///{folder / 'keystone.db'}"
    name = folder.name.replace("-", "_")
    # OpenStack's installers make the database so; its collation compares without case and accents.
    create = f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci"
    subprocess.run(["mariadb", "--no-defaults", "--user=root", f"--socket={MARIADB_SOCKET}", "-e", create], check=True)
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={MARIADB_SOCKET}&charset=utf8mb3"


def _manage(folder: Path, *command: str, **environment: str) -> None:
    done = subprocess.run(
        [BIN / "keystone-manage", "--config-dir", folder, *command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"keystone-manage {command[0]} failed:\n{done.stderr}")


@contextmanager
def _running(folder: Path, options: Options, port: int = 0, python: Path = BIN / "python") -> Iterator[Keystone]:
    _configure(folder, options)
    with (folder / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            [python, HERE / "serve.py", str(port)],
            env=os.environ | {"OS_KEYSTONE_CONFIG_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # Ctrl-C in a terminal is for us alone. This process ends when its standard input closes.
            start_new_session=True,
        )
    try:
        assert process.stdout
        listening_on = process.stdout.readline().strip()
        if not listening_on:
            raise RuntimeError("Keystone did not start:\n" + (folder / "stderr").read_text()[-2000:])
        yield Keystone(f"http://127.0.0.1:{listening_on}/v3")
    finally:
        process.kill()
        process.communicate()
