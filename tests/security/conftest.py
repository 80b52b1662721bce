"""What was tried, counted; and nothing is ever sent beyond this machine, whatever a test finds."""

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A tenth of a second is a long time for a request, except on a machine that is busy.
settings.register_profile(
    "quick", max_examples=1000, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=30_000)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of what must not be dialled must not dial it when it fails."""
    connect = socket.socket.connect

    def connect_to_loopback(self: socket.socket, address: Any) -> None:
        if not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"{address} would have been dialled")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The sums of what the tests have recorded: `tried` as (secrets, paths, answers, hits), and `inputs`."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.getreports(outcome)]
    found = [dict(one.user_properties) for one in reports if getattr(one, "when", "") == "call"]
    tried = [one["tried"] for one in found if "tried" in one]
    if tried:
        secrets, paths = max(one[0] for one in tried), sum(one[1] for one in tried)
        answers, hits = sum(one[2] for one in tried), sum(one[3] for one in tried)
        terminalreporter.write_line(
            f"{secrets} secrets x {paths} paths through the functions: {answers} answers and their log, {hits} hits"
        )
    inputs = {name: count for one in found for name, count in one.items() if name.endswith("inputs")}
    for name, count in inputs.items():
        terminalreporter.write_line(f"{count} random {name}")
