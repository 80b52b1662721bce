"""Keystones to measure at: on SQLite or MariaDB, of one process or several, by their way of hashing, full of people."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.clouds.production import memcached, uwsgi
from tests.support.debian import missing
from tests.support.keystone import ADMIN_PASSWORD, Keystone
from tests.support.keystone.filled import fill
from tests.support.keystone.folders import PYTHON, Options, configured
from tests.support.keystone.serving import served
from tests.support.mariadb import mariadb
from tests.support.mariadb import why_not_here as why_no_mariadb
from tools.bench.clock import processor_seconds
from tools.bench.ways import CloudEnv


def _hashed(algorithm: str, rounds: int) -> Options:
    return {"identity": {"password_hash_algorithm": algorithm, "password_hash_rounds": str(rounds)}}


DEFAULT = "bcrypt, 12 rounds"
# What keystone.conf says by the name of the row. Keystone 30.0 heeds no password_hash_rounds for scrypt.
SETTINGS: Mapping[str, Options] = {
    DEFAULT: _hashed("bcrypt", 12),
    "bcrypt_sha256, 12 rounds": _hashed("bcrypt_sha256", 12),
    "scrypt, N = 2^16": _hashed("scrypt", 16),
    "pbkdf2_sha512, 220,000 rounds": _hashed("pbkdf2_sha512", 220_000),
    "bcrypt, 10 rounds": _hashed("bcrypt", 10),
    "pbkdf2_sha512, 25,000 rounds": _hashed("pbkdf2_sha512", 25_000),
    "bcrypt, 4 rounds": _hashed("bcrypt", 4),
    # As Keystone does unless it is told where to cache. All other rows cache.
    f"{DEFAULT}, no cache": {**_hashed("bcrypt", 12), "cache": {"backend": "dogpile.cache.null"}},
}


@dataclass(frozen=True)
class Site:
    """A Keystone, and the folder that its processes serve."""

    cloud_env: CloudEnv
    folder: Path

    def processor_seconds(self) -> float:
        """Returns the seconds of processor time that all processes of this folder have taken so far."""
        children = psutil.Process().children(recursive=True)
        own = [one for one in children if one.environ().get("OS_KEYSTONE_CONFIG_DIR") == str(self.folder)]
        return sum(map(processor_seconds, own))


@contextmanager
def on_sqlite() -> Iterator[Site]:
    """Runs a Keystone of one process on SQLite, which caches in its own memory."""
    with _of_one_process(SETTINGS[DEFAULT]) as site:
        _hash_anew(site)
        yield site


@contextmanager
def on_mariadb() -> Iterator[Site]:
    """Runs a Keystone as sites run it: four processes of uWSGI, MariaDB, and memcached.

    Like DevStack's, it says that it closes each connection. Without that, keystoneauth fails at every other call.
    """
    with with_processes([4], "--add-header", "Connection: close") as sites:
        _hash_anew(sites[4])
        yield sites[4]


def _hash_anew(site: Site) -> None:
    """Lets Keystone hash the administrator's password as it hashes all others here: each log-in costs as much."""
    admin = Keystone(site.cloud_env["auth_url"]).admin
    admin.users.update(admin.session.auth.get_access(admin.session).user_id, password=ADMIN_PASSWORD)
    # Keystone refuses tokens of the second in which it revoked others.
    time.sleep(1.1)


@contextmanager
def with_settings(names: Sequence[str]) -> Iterator[dict[str, Site]]:
    """Runs a Keystone of one process on SQLite for each of these rows of SETTINGS."""
    with ExitStack() as running:
        yield {name: running.enter_context(_of_one_process(SETTINGS[name])) for name in names}


@contextmanager
def with_people(counts: Sequence[int]) -> Iterator[dict[str, Site]]:
    """Runs a Keystone of one process on SQLite for each of these numbers of people who have signed up already."""
    with ExitStack() as running:
        yield {str(count): running.enter_context(_of_one_process(SETTINGS[DEFAULT], count)) for count in counts}


def why_no_processes() -> str:
    """Installs what a Keystone of several processes needs. Returns why it cannot, or an empty string."""
    return why_no_mariadb() or missing(["memcached"], ["memcached"])


@contextmanager
def with_processes(counts: Sequence[int], *options: str) -> Iterator[dict[int, Site]]:
    """Serves one Keystone on MariaDB by uWSGI, in groups of so many processes, each of which serves one call at a time.

    They share a memcached, as what one process caches must not outlive what another one has changed. `options` are
    uWSGI's.
    """
    with (
        memcached() as cached,
        mariadb() as socket,
        configured({**SETTINGS[DEFAULT], **cached}, mariadb=str(socket)) as folder,
        ExitStack() as running,
    ):
        addresses = {count: running.enter_context(uwsgi(folder, count, *options)) for count in counts}
        yield {count: _site(f"http://{address}/v3", folder) for count, address in addresses.items()}


@contextmanager
def _of_one_process(options: Options, people: int = 0) -> Iterator[Site]:
    with configured(options, mariadb="") as folder:
        fill(folder, people)
        with served(folder, PYTHON) as auth_url:
            yield _site(auth_url, folder)


def _site(auth_url: str, folder: Path) -> Site:
    return Site(Keystone(auth_url).cloud_env(), folder)


# Where all ways to sign up are compared, by what the page calls it. The first function returns why it cannot be had.
CLOUDS: Mapping[str, tuple[Callable[[], str], Callable[[], AbstractContextManager[Site]]]] = {
    "SQLite, one process": (str, on_sqlite),
    "MariaDB, memcached, four processes": (why_no_processes, on_mariadb),
}
