"""What the unit of systemd says, and what systemd does with its credentials, for tests without a systemd."""

from collections.abc import Mapping

from tests.deploy.sandbox import OWNER, Sandbox
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
