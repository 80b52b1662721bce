"""The values that settings are made of, and what is wrong with a value that is not good."""

import re
import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, StringConstraints

from lib.request.urls import keystone_v3_url, rebuilt_url
from lib.settings import jwt_secret


def _with_one(placeholder: str) -> AfterValidator:
    def check(template: str) -> str:
        around = template.replace(placeholder, "", 1)
        if around == template or "{" in around or "}" in around:
            raise ValueError(f"must hold {placeholder} once, and no other braces")
        return template

    return AfterValidator(check)


def _with_text(template: str) -> str:
    if not re.sub(r"{\w+}", "", template).strip():
        raise ValueError("must hold some text besides the placeholder, else every name of the cloud would fit it")
    return template


def _some(roles: tuple[str, ...]) -> tuple[str, ...]:
    if not roles:
        raise ValueError("must hold a role at least")
    return roles


def _never_admin(roles: tuple[str, ...]) -> tuple[str, ...]:
    if "admin" in roles:
        raise ValueError("must not hold admin: on a stock Keystone that makes every user a cloud administrator")
    return roles


def _some_url(urls: tuple[str, ...]) -> tuple[str, ...]:
    if not urls:
        raise ValueError("must hold a URL at least; without the setting, every Keystone may be used")
    return urls


def host_and_port(text: str) -> str:
    """Returns the text if it is HOST:PORT, where an IPv6 address stands in brackets. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if not _HOST.fullmatch(host) or not is_port(port):
        raise ValueError("must be HOST:PORT, with an IPv6 address in brackets")
    return text


def is_port(text: str) -> bool:
    """Whether it is the number of a port."""
    return text.isdecimal() and int(text) <= HIGHEST_PORT


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValueError(f"cannot be used as certificates: {error.strerror or error}") from None
    return path


def _secret_file(name: str) -> str:
    jwt_secret.read(name)
    return name


def _release(value: object) -> object:
    """Takes a release without the letter before it, too, and from v1.0 on its third number: 1.2.0 is v1.2."""
    found = _RELEASE.fullmatch(str(value).strip())
    whole, short = (f"v{found[1]}{found[2] or ''}", f"v{found[1]}") if found else ("", "")
    for name in (_LIKE.get(whole, whole), short):
        if name in RELEASES:
            return name
    raise ValueError(f"must be one of {', '.join(RELEASES)}: the last for later releases, the first for July 2023")


def _level_name(value: object) -> object:
    """Takes a level in upper or lower case, and by either of the names that Python's logging has for it."""
    level = value.upper() if isinstance(value, str) else value
    return {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(str(level), level)


def _lower_case(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


HIGHEST_PORT = 65535
_HOST = re.compile(r"[\w.*-]+|\[[0-9A-Fa-f:.]+\]")
# Those of the Concertim UI between which something has changed that settings are about.
RELEASES = ("v0.2.1", "v0.2.3", "v1.0", "v1.1", "v1.2")
_LIKE = {"v0.2.0": "v0.2.1", "v0.2.2": "v0.2.3"}
_RELEASE = re.compile(r"[vV]?([0-9]+\.[0-9]+)(\.[0-9]+)?")


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]

Template = Annotated[Name, _with_one("{username}")]
TeamTemplate = Annotated[Name, _with_one("{name}")]
LegacyTemplates = Annotated[tuple[Annotated[Template, AfterValidator(_with_text)], ...], Field(strict=False)]
LegacyTeamTemplates = Annotated[tuple[Annotated[TeamTemplate, AfterValidator(_with_text)], ...], Field(strict=False)]

Roles = Annotated[tuple[Name, ...], Field(strict=False)]
OneRoleOrMore = Annotated[Roles, AfterValidator(_some)]
RolesOfUsers = Annotated[OneRoleOrMore, AfterValidator(_never_admin)]

# These options of Keystone's are true or false. It documents them as "resource options" of a user.
UserOption = Literal[
    "ignore_change_password_upon_first_use",
    "ignore_password_expiry",
    "ignore_user_inactivity",
    "ignore_lockout_failure_attempts",
    "lock_password",
]
UserOptions = Annotated[tuple[UserOption, ...], Field(strict=False)]

Urls = Annotated[
    tuple[Annotated[Name, AfterValidator(rebuilt_url)], ...], Field(strict=False), AfterValidator(_some_url)
]
KeystoneUrl = Annotated[Name, AfterValidator(keystone_v3_url)]
HostAndPort = Annotated[Name, AfterValidator(host_and_port)]
Certificates = Annotated[FilePath, Field(strict=False), AfterValidator(_certificates)]
SecretFile = Annotated[str, AfterValidator(_secret_file)]
LogFormat = Annotated[Literal["line", "json"], BeforeValidator(_lower_case)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_level_name)]
Release = Annotated[str, BeforeValidator(_release)]
