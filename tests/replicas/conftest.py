"""Lets people sign up at the replicas once for all tests in this folder, and prints what became of every request."""

import secrets
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.replicas import account as accounts
from tests.replicas.account import Account
from tests.replicas.client import Client
from tests.replicas.course import Site, new_people, sign_ups
from tests.replicas.haproxy import UP, haproxy
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
def account(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Account:
    """Runs the whole course, and returns the account of it."""
    folder, not_tested = tmp_path_factory.mktemp("replicas"), ""
    with ExitStack() as stack:
        try:
            apart = stack.enter_context(namespace())
        except NoNamespaceError as why:
            apart, not_tested = None, f"this machine gives no network namespace: {why}"
        # A namespace has a loopback of its own, so Keystone listens where it can be reached from both sides.
        host = apart.called.outside.address if apart else LOOPBACK
        kept = stack.enter_context(configured(HASHES))
        cloud = Keystone(stack.enter_context(served(kept, PYTHON, host=host)))
        site = _site(stack, cloud, apart, folder)
        found = _account(cloud, site, not_tested)
    pytestconfig.stash[TABLE] = list(table(found))
    return found


def _site(stack: ExitStack, cloud: Keystone, apart: Namespace | None, folder: Path) -> Site:
    """Starts the replicas, and HAProxy before them."""
    ports, secret = free_ports(*NAMES), secrets.token_hex(16)
    hosts, enter = dict.fromkeys(NAMES, LOOPBACK), dict[str, tuple[str, ...]]()
    if apart:
        hosts[NAMES[-1]], enter[NAMES[-1]] = apart.callers.inside.address, apart.enter
    addresses = {name: f"{host}:{ports[name]}" for name, host in hosts.items()}
    replicas = {
        name: Replica(name, address, cloud.auth_url, folder, enter.get(name, ())) for name, address in addresses.items()
    }
    for one in replicas.values():
        stack.enter_context(one.running(secret))
    view = stack.enter_context(haproxy(addresses, folder))
    for name in NAMES:
        view.wait_until(name, UP)
    client = Client(view.url, cloud.cloud_env_by_ids(), secret, partial(accounts.untrue, cloud))
    return Site(replicas, view, client, apart)


def _account(cloud: Keystone, site: Site, not_tested: str) -> Account:
    people, before, began = new_people(), census(cloud.admin), time.monotonic()
    failures = sign_ups(site, people)
    seconds, changes = time.monotonic() - began, [*site.view.changes]
    now, lacks, moved = accounts.in_the_end(cloud, people)
    hidden = [ADMIN_PASSWORD, site.client.jwt_secret, *(one.password for one in people), *site.client.tokens]
    written = {name: one.output().encode() for name, one in site.replicas.items()}
    return Account(
        began=began,
        seconds=seconds,
        people=people,
        attempts=site.client.attempts,
        failures=failures,
        changes=changes,
        served={name: one.served() for name, one in site.replicas.items()},
        before=before,
        now=now,
        lacks=lacks,
        moved=moved,
        written=written | {"HAProxy": site.view.said.read_bytes()},
        secrets=[one.encode() for one in hidden],
        not_tested=not_tested,
    )


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Writes the table."""
    for line in config.stash.get(TABLE, ["The sign-ups were not counted, as the course has not come to its end."]):
        terminalreporter.write_line(line)
