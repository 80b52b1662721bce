"""Tests of where the service listens, by the environment: the variables HOST and PORT."""

import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests

from lib.command_line import serve
from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS
from lib.errors import Misconfigured
from lib.settings.values import host_and_port
from tests.support.service import ROOT, complaints, service


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Returns what says where the service listens, where the environment has these variables."""

    def listening(**environment: str) -> str:
        for name in (serve.HOST_VARIABLE, serve.PORT_VARIABLE):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return serve.default_address()

    return listening


@pytest.mark.parametrize(("port", "addresses"), [("8080", "0.0.0.0:8080 [::]:8080"), ("", "0.0.0.0:42356 [::]:42356")])
def test_the_environment_may_name_the_port(port: str, addresses: str, listening: Callable[..., str]) -> None:
    """Container platforms pass the port in the variable PORT; an empty one counts as not set."""
    assert listening(PORT=port) == listening(PORT=port, HOST="") == addresses


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:42356"),
        ("0.0.0.0", "0.0.0.0:42356"),
        ("::1", "[::1]:42356"),
        ("[::1]", "[::1]:42356"),
        ("::", "[::]:42356"),
        ("::ffff:10.0.0.1", "[::ffff:10.0.0.1]:42356"),
        ("localhost", "localhost:42356"),
        ("node-1.site_2.example", "node-1.site_2.example:42356"),
        ("1.example", "1.example:42356"),
    ],
)
def test_the_environment_may_name_the_host(host: str, address: str, listening: Callable[..., str]) -> None:
    """A file for compose has the address in the variable HOST, and then the service listens there alone."""
    assert listening(HOST=host) == address
    assert listening(HOST=host, PORT="8080") == address.replace("42356", "8080")


@pytest.mark.parametrize("where", [{}, {"HOST": "::1"}, {"HOST": "node.example", "PORT": "0"}])
def test_the_host_of_the_environment_can_be_given_to_listen_too(
    where: dict[str, str], listening: Callable[..., str]
) -> None:
    """The option --listen takes what the variables come to."""
    address = listening(**where)
    assert " ".join(host_and_port(one) for one in address.split(" ")) == address


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:80", "300.0.0.1", "10.0.1", "[127.0.0.1]", "[::1", "::g", "a b", " ", "-a", "a..b", "*", "http://a"],
)
def test_a_host_in_the_environment_that_is_none_stops_the_start(host: str, listening: Callable[..., str]) -> None:
    """A HOST that is no host is refused with a message that names the variable and its value, beside that of PORT."""
    with pytest.raises(Misconfigured) as stopped:
        listening(HOST=host, PORT="none")
    assert stopped.value.message.splitlines() == [
        f"the environment variable HOST names no host: {host!r}",
        "the environment variable PORT names no port: 'none'",
    ]


def test_where_there_is_no_ipv6_the_service_listens_on_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without IPv6 makes no such socket, which must not keep the service from its start."""

    def without_ipv6(*address: Any, family: socket.AddressFamily) -> NoReturn:
        raise OSError(errno.EAFNOSUPPORT, f"{family}: {address}")

    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setattr(socket, "create_server", without_ipv6)
    assert serve.default_address() == "0.0.0.0:42356"


@pytest.mark.parametrize("port", ["tcp://10.0.0.1:80", "none", "70000", "-1"])
def test_a_port_in_the_environment_that_is_none_stops_the_start(port: str, listening: Callable[..., str]) -> None:
    """A PORT that is no port is refused with a message that names the variable and its value."""
    with pytest.raises(Misconfigured) as stopped:
        listening(PORT=port)
    assert stopped.value.message == f"the environment variable PORT names no port: {port!r}"


def test_the_service_listens_where_the_environment_says() -> None:
    """It needs no command line, and listens nowhere else."""
    with service(listen="", HOST="::1", PORT="0") as running:
        assert re.search(r"listening on \[::1\]:\d+\n", running.said())
        assert requests.get(f"{running.url}/", timeout=10).text == "Running"


def test_the_option_counts_before_the_environment() -> None:
    """Where --listen is given, nothing of the address comes from the variables, be they wrong."""
    with service(listen="127.0.0.1:0", HOST="*", PORT="none") as running:
        assert re.search(r"listening on 127\.0\.0\.1:\d+\n", running.said())


def test_an_address_in_the_environment_that_is_none_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    """The start ends with 78, as a later one would not help, and check-settings says so before."""
    config = tmp_path / "config.yaml"
    config.write_text("")
    wrong = {"HOST": "127.0.0.1:42357", "PORT": "42357"}
    started, checked = (
        subprocess.run(
            [sys.executable, "handler.py", command, "--config", str(config)],
            cwd=ROOT,
            env=os.environ | wrong,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        for command in ("serve", "check-settings")
    )
    why = "the environment variable HOST names no host: '127.0.0.1:42357'\n"
    assert (started.returncode, complaints(started.stdout)) == (MISTAKE_IN_SETTINGS, why)
    assert (checked.returncode, checked.stdout) == (MISTAKE_IN_SETTINGS, f"CRITICAL: {why}")
