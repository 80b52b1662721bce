"""Counts what was tried, and keeps every test from sending anything beyond this machine."""

import ipaddress
import socket
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# `make security` tries the same inputs every time, and `make fuzz` looks for new ones. No input has a time limit,
# because machines are busy at times and pytest has a limit for the whole test.
settings.register_profile(
    "quick",
    max_examples=1000,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=30_000, derandomize=False)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a failing test must not connect to what the service must not connect to."""
    connect = socket.socket.connect

    def connect_to_loopback(self: socket.socket, address: Any) -> None:
        if not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"{address} would have been dialled")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints the sums of what tests record: `tried` is (secrets, paths, answers, hits), `inputs` is (what, count)."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.getreports(outcome)]
    found = [dict(one.user_properties) for one in reports if getattr(one, "when", "") == "call"]
    tried = [one["tried"] for one in found if "tried" in one]
    if tried:
        paths, answers, hits = (sum(one[column] for one in tried) for column in (1, 2, 3))
        terminalreporter.write_line(
            f"{tried[0][0]} secrets x {paths} paths through the functions: {answers} answers and their log, {hits} hits"
        )
    inputs: Counter[str] = Counter()
    for what, count in (one["inputs"] for one in found if "inputs" in one):
        inputs[what] += count
    if inputs:
        listed = ", ".join(f"{count} {what}" for what, count in inputs.items())
        terminalreporter.write_line(f"{inputs.total()} random inputs: {listed}")
