"""Lets people sign up at the replicas once for all tests in this folder, and prints what became of every request."""

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.replicas import account as accounts
from tests.replicas.account import Account
from tests.replicas.client import Client
from tests.replicas.course import Site, new_people, sign_ups
from tests.replicas.haproxy import UP, configuration, haproxy
from tests.replicas.replica import Replica
from tests.replicas.table import table
from tests.support.census import census
from tests.support.keystone import ADMIN_PASSWORD, Keystone
from tests.support.keystone.folders import PYTHON, configured
from tests.support.keystone.serving import served
from tests.support.namespaces import Namespace, NoNamespaceError, namespace
from tests.support.ports import free_ports

# The last replica is the one that is cut off.
NAMES = ("first", "second", "third")
LOOPBACK = "127.0.0.1"
# What Keystone does by default, so that each sign-up takes as long as it does at a site.
HASHES = {"identity": {"password_hash_rounds": "12"}}
TABLE = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Account]:
    """Runs the whole course, and returns the account of it."""
    folder, not_tested = tmp_path_factory.mktemp("replicas"), ""
    with ExitStack() as stack:
        try:
            apart = stack.enter_context(namespace())
        except NoNamespaceError as why:
            apart, not_tested = None, f"this machine gives no network namespace: {why}"
        # In a namespace, another loopback is the only one.
        host = apart.called.outside.address if apart else LOOPBACK
        kept = stack.enter_context(configured(HASHES))
        cloud = Keystone(stack.enter_context(served(kept, PYTHON, host=host)))
        cloud.admin.users.list(name="concertim")
        found = _account(stack, cloud, apart, folder, not_tested)
        pytestconfig.stash[TABLE] = list(table(found))
        yield found


def _account(stack: ExitStack, cloud: Keystone, apart: Namespace | None, folder: Path, not_tested: str) -> Account:
    secret, people, before = secrets.token_hex(16), new_people(), census(cloud.admin)
    replicas = {one.name: one for one in _replicas(cloud, apart, folder)}
    for one in replicas.values():
        stack.enter_context(one.running(secret))
    addresses = {name: one.address for name, one in replicas.items()}
    view = stack.enter_context(haproxy(configuration(), addresses, folder))
    for name in replicas:
        view.wait_until(name, UP)
    client = Client(view.url, cloud.cloud_env_by_ids(), secret, partial(accounts.untrue, cloud))
    began = time.monotonic()
    failures = sign_ups(Site(replicas, view, client, apart), people)
    seconds = time.monotonic() - began
    now, lacks, moved = accounts.in_the_end(cloud, people)
    written = {name: one.output().encode() for name, one in replicas.items()} | {"HAProxy": view.said.read_bytes()}
    hidden = [ADMIN_PASSWORD, secret, *(one.password for one in people), *client.tokens]
    served_ids = {name: one.request_ids() for name, one in replicas.items()}
    return Account(
        began=began,
        people=people,
        attempts=client.attempts,
        failures=failures,
        changes=view.changes,
        served=served_ids,
        before=before,
        now=now,
        lacks=lacks,
        moved=moved,
        written=written,
        secrets=[one.encode() for one in hidden],
        seconds=seconds,
        not_tested=not_tested,
    )


def _replicas(cloud: Keystone, apart: Namespace | None, folder: Path) -> Iterator[Replica]:
    ports = free_ports(*NAMES)
    for name in NAMES:
        is_apart = apart is not None and name == NAMES[-1]
        host = apart.callers.inside.address if apart and is_apart else LOOPBACK
        yield Replica(name, f"{host}:{ports[name]}", cloud.auth_url, folder, apart.enter if apart and is_apart else ())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Writes the table."""
    for line in config.stash.get(TABLE, ["The sign-ups were not counted, as the course has not come to its end."]):
        terminalreporter.write_line(line)
