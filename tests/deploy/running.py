"""Starts the service by a command of its own, and signs somebody up there as the Concertim UI does."""

import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.contract.ui import token
from tests.support.keystone import Keystone
from tests.support.service import START_SECONDS, Service, post

# The port is free, and nobody else reaches it.
LISTEN = ("--listen", "127.0.0.1:0")


@contextmanager
def started(command: Sequence[str], umask: int = -1) -> Iterator[Service]:
    """Runs the command of a service that listens by LISTEN, and yields the service once it does."""
    with TemporaryDirectory(prefix="service-") as name:
        said, complained = Path(name, "stdout"), Path(name, "stderr")
        with said.open("wb") as out, complained.open("wb") as err:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, umask=umask
            )
        running = Service(process, said, complained)
        try:
            until(lambda: bool(running.url) or process.poll() is not None)
            if not running.url:
                raise RuntimeError(f"The service did not start:\n{running.said()}{running.complained()}")
            yield running
        finally:
            running.stop()


def until(so: Callable[[], bool]) -> None:
    """Waits until it is so."""
    last = time.monotonic() + START_SECONDS
    while not so():
        assert time.monotonic() < last
        time.sleep(0.02)


def sign_up(url: str | None, cloud: Keystone, secret: str) -> int:
    """Signs somebody up at this URL with a token of this secret, and returns the status of the answer."""
    person = {"cloud_env": cloud.cloud_env(), "username": f"ann-{uuid.uuid4().hex[:12]}", "password": "correct-horse"}
    return post(url, json=person, headers={"Authorization": f"Bearer {token(secret)}"})[0]
