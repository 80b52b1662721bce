"""Runs a real Keystone on loopback for tests and development, from a database that is bootstrapped once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.keystone.cloud import ADMIN_PASSWORD as ADMIN_PASSWORD
from tests.support.keystone.cloud import Keystone as Keystone
from tests.support.keystone.folders import PYTHON, Options, configured
from tests.support.keystone.serving import served


@contextmanager
def keystone(options: Options | None = None, port: int = 0, python: Path = PYTHON) -> Iterator[Keystone]:
    """Runs a Keystone that is prepared for Concertim, with these options by section."""
    with configured(options or {}, python) as folder, served(folder, python, port) as auth_url:
        yield Keystone(auth_url)
