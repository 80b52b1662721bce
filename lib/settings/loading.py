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
from lib.settings.secret_files import SecretFile, contradictions, with_secrets_in
from lib.settings.settings import Settings

# All Concertim services on the host share this file. Everything in it that is not ours belongs to another of them.
DEFAULT_PATH = Path("/etc/concertim-openstack-service/config.yaml")
PATH_VARIABLE = "CONCERTIM_CONFIG"
# For hosts where a site has no files of its own. It holds all that would be in one.
TEXT_VARIABLE = "CONCERTIM_CONFIG_TEXT"
JWT_VARIABLE = "JWT_SECRET"
JWT_FILE_VARIABLE = "JWT_SECRET_FILE"


@dataclass
class Loaded:
    """What was read from one place. Only `settings` is ever replaced, by an equal value with other secrets."""

    settings: Settings
    warnings: tuple[str, ...]
    """What an operator should look at, although it is no mistake in the settings."""
    secret_files: tuple[SecretFile, ...]


def current() -> Settings:
    """Returns the settings in force, with the secrets that callers' tokens may be signed with.

    They are in the text in CONCERTIM_CONFIG_TEXT, or in the file that CONCERTIM_CONFIG names, else in the file at the
    default path; where there is none, the defaults hold. The secret is in JWT_SECRET, or in the file that
    JWT_SECRET_FILE or the settings name. Files are read once per process. Raises Misconfigured with every problem.
    """
    return _loaded().settings


def warnings() -> tuple[str, ...]:
    """Returns what is doubtful in the file or text of the settings in force. Raises Misconfigured as `current` does."""
    return _loaded().warnings


def read_secrets_again() -> list[str]:
    """Puts the secrets that their files hold now in force, and returns the names of these files.

    The rest of the settings stays. Raises Misconfigured with what is wrong with a file; then the secrets stay, too.
    """
    loaded = _loaded()
    try:
        loaded.settings = with_secrets_in(loaded.secret_files, loaded.settings)
    except ValueError as error:
        raise Misconfigured(str(error)) from None
    return [file.name for file in loaded.secret_files]


def _loaded() -> Loaded:
    named, text = os.environ.get(PATH_VARIABLE), os.environ.get(TEXT_VARIABLE) or None
    if named and text:
        raise Misconfigured(f"{TEXT_VARIABLE} is given beside {PATH_VARIABLE} or --config: leave one of them out")
    secret, secret_file = os.environ.get(JWT_VARIABLE), os.environ.get(JWT_FILE_VARIABLE)
    return load(named or str(DEFAULT_PATH), optional=not named, text=text, secret=secret, secret_file=secret_file)


# Threads that ask first at the same time may each read it. The values are equal, so that does no harm.
@lru_cache(maxsize=4)
def load(
    name: str | Path,
    *,
    optional: bool = False,
    text: str | None = None,
    secret: str | None = None,
    secret_file: str | None = None,
) -> Loaded:
    """Returns the settings in this text, else in the file of this name, which may be missing if it is `optional`.

    The secret is given, or the name of its file. Raises Misconfigured with every problem.
    """
    settings, remarks = parse(text) if text is not None else _read(Path(name), optional)
    source = f"environment variable {TEXT_VARIABLE}" if text is not None else name
    remarks = [f"{source}: {remark}" for remark in remarks]
    ours = settings or Settings()
    files = _secret_files(source, ours, secret_file)
    mistakes = [*contradictions(files, JWT_VARIABLE, secret)]
    try:
        if secret is not None:
            ours = ours.model_copy(update={"jwt_secret": SecretStr(jwt_secret.checked(secret))})
    except ValueError as error:
        mistakes.append(f"environment variable {JWT_VARIABLE}: {error}")
    try:
        ours = with_secrets_in(files, ours)
    except ValueError as error:
        mistakes.append(str(error))
    if settings is None or mistakes:
        raise Misconfigured("\n".join([*remarks, *mistakes]))
    return Loaded(ours, tuple(remarks), files)


def _secret_files(source: str | Path, ours: Settings, secret_file: str | None) -> tuple[SecretFile, ...]:
    named = (
        ("jwt_secret", f"environment variable {JWT_FILE_VARIABLE}", secret_file),
        ("jwt_secret", f"{source}: {SECTION}.jwt_secret_file", ours.jwt_secret_file),
        ("jwt_secret_previous", f"{source}: {SECTION}.jwt_secret_previous_file", ours.jwt_secret_previous_file),
    )
    return tuple(SecretFile(field, named_by, name) for field, named_by, name in named if name is not None)


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
