"""Where the settings are read from: a file or the environment, once per process."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr

from lib.errors import Misconfigured
from lib.settings import config_file, jwt_secret
from lib.settings.files import why_unreadable
from lib.settings.placement import SECTION
from lib.settings.settings import Settings

# All Concertim services on the host share this file. Everything in it that is not ours belongs to another of them.
DEFAULT_PATH = Path("/etc/concertim-openstack-service/config.yaml")
PATH_VARIABLE = "CONCERTIM_CONFIG"
# For hosts where a site has no files of its own. It holds all that would be in one.
TEXT_VARIABLE = "CONCERTIM_CONFIG_TEXT"
JWT_VARIABLE = "JWT_SECRET"


@dataclass(frozen=True)
class Loaded:
    """What was read from one place."""

    settings: Settings
    warnings: tuple[str, ...]
    """What an operator should look at, although it is no mistake in the settings."""


def current() -> Settings:
    """Returns the settings in force, with the secret that callers' tokens are signed with.

    They are in the text in CONCERTIM_CONFIG_TEXT, or in the file that CONCERTIM_CONFIG names, else in the file at the
    default path; where there is none, the defaults hold. The secret is in JWT_SECRET, else in the file that the
    settings name. Files are read once per process. Raises Misconfigured with every problem.
    """
    return _loaded().settings


def warnings() -> tuple[str, ...]:
    """Returns what is doubtful in the file or text of the settings in force. Raises Misconfigured as `current` does."""
    return _loaded().warnings


def _loaded() -> Loaded:
    named, text = os.environ.get(PATH_VARIABLE), os.environ.get(TEXT_VARIABLE) or None
    if named and text:
        raise Misconfigured(f"{TEXT_VARIABLE} is given beside {PATH_VARIABLE} or --config: leave one of them out")
    return load(named or str(DEFAULT_PATH), optional=not named, secret=os.environ.get(JWT_VARIABLE), text=text)


# Threads that ask first at the same time may each read it. The values are equal, so that does no harm.
@lru_cache(maxsize=4)
def load(name: str | Path, *, optional: bool = False, secret: str | None = None, text: str | None = None) -> Loaded:
    """Returns the settings in this text, else in the file of this name, which may be missing if it is `optional`.

    Raises Misconfigured with every problem.
    """
    settings, remarks = parse(text) if text is not None else _read(Path(name), optional)
    source = f"environment variable {TEXT_VARIABLE}" if text is not None else name
    remarks, mistakes = [f"{source}: {remark}" for remark in remarks], []
    file = settings.jwt_secret_file if settings else None
    if file and secret is not None:
        mistakes.append(f"{source}: {SECTION}.jwt_secret_file: is given beside {JWT_VARIABLE}: leave one of them out")
    try:
        if secret is not None:
            secret = jwt_secret.checked(secret)
        elif file:
            secret = jwt_secret.read(Path(file))
    except ValueError as error:
        mistakes.append(f"{file or f'environment variable {JWT_VARIABLE}'}: {error}")
    if settings is None or mistakes:
        raise Misconfigured("\n".join([*remarks, *mistakes]))
    if secret:
        settings = settings.model_copy(update={"jwt_secret": SecretStr(secret)})
    return Loaded(settings, tuple(remarks))


def _read(path: Path, optional: bool) -> tuple[Settings | None, list[str]]:
    try:
        return parse(path.read_text("utf-8"))
    except FileNotFoundError as error:
        return (Settings(), []) if optional else (None, [str(error.strerror)])
    except IsADirectoryError:
        return None, [
            "Is a directory; Docker makes one where the file to mount is missing. Remove it and put the file there."
        ]
    except (OSError, UnicodeDecodeError) as error:
        return None, [why_unreadable(path, error)]


def parse(text: str) -> tuple[Settings | None, list[str]]:
    """Returns the settings in a config.yaml's text and warnings; or None, and every mistake besides."""
    return config_file.parse(text, Settings)
