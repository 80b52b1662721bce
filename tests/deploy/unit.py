"""The unit of systemd, and what systemd does with it, as far as that can be imitated where no systemd runs."""

import socket
import subprocess
from collections.abc import Mapping
from functools import cache

from tests.deploy.sandbox import OWNER, Filters, Sandbox
from tests.support.service import ROOT

FILE = ROOT / "docs" / "deploy" / "systemd" / "user-handler.service"
LINES = FILE.read_text().splitlines()
CREDENTIALS = "/run/credentials/user-handler.service"


def values_of(directive: str) -> list[str]:
    """Returns what the unit says for this directive, in order."""
    said = (line.partition("=") for line in LINES)
    return [value.replace("%d", CREDENTIALS) for name, _, value in said if name == directive]


def value_of(directive: str) -> str:
    """Returns what the unit says for a directive that it has once."""
    [value] = values_of(directive)
    return value


def environment() -> dict[str, str]:
    """Returns the variables that the unit sets."""
    return dict(one.split("=", 1) for one in values_of("Environment"))


def load_credentials(box: Sandbox, files: Mapping[str, str]) -> None:
    """Gives the service its copies of these files, which only it can read."""
    for credential in values_of("LoadCredential"):
        name, _, path = credential.partition(":")
        box.put(f"{CREDENTIALS}/{name}", files[path], 0o400, OWNER, OWNER)


def filters() -> Filters:
    """Returns the unit's filters of system calls, as seccomp.py takes them."""
    # Every list of what is allowed has these besides.
    calls = _calls_of("@default")
    for value in values_of("SystemCallFilter"):
        found = {call for name in value.lstrip("~").split() for call in _calls_of(name)}
        calls = calls - found if value.startswith("~") else calls | found
    families = [int(socket.AddressFamily[name]) for name in value_of("RestrictAddressFamilies").split()]
    return {"calls": sorted(calls), "families": families}


def _calls_of(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    return {call for inner in _groups()[name] for call in _calls_of(inner)}


@cache
def _groups() -> dict[str, list[str]]:
    """Returns the groups of system calls that systemd knows, and what is in each: calls and other groups."""
    command = ["systemd-analyze", "syscall-filter", "--no-pager"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    blocks = (block.split() for block in _without_comments(said).split("\n\n"))
    return {name: inside for name, *inside in filter(None, blocks)}


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith("#"))
