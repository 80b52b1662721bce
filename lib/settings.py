"""The settings: `log_level` and the section `user_handler` of Concertim's config.yaml, checked and frozen."""

import os
import re
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from lib import config_file, jwt_secret
from lib.config_file import SECTION
from lib.errors import Misconfigured
from lib.fields import rebuilt_url
from lib.files import why_unreadable

# Shared by all Concertim services on the host; everything in it that is not ours belongs to another of them.
DEFAULT_PATH = Path("/etc/concertim-openstack-service/config.yaml")
PATH_VARIABLE = "CONCERTIM_CONFIG"
# For hosts that have no files of the site's: all that would be in one.
TEXT_VARIABLE = "CONCERTIM_CONFIG_TEXT"
JWT_VARIABLE = "JWT_SECRET"

MOST_CONCURRENT_REQUESTS = 100


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


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValueError(f"cannot be used as certificates: {error.strerror or error}") from None
    return path


def _secret_file(name: str) -> str:
    # Not quoted: it may be the secret itself.
    if not Path(name).is_absolute() or any(character.isspace() for character in name):
        raise ValueError("must be the absolute path of a file, not the secret itself")
    jwt_secret.read(Path(name))
    return name


def _level_name(value: object) -> object:
    """In any case, and by either of the names that Python's logging has for it."""
    level = value.upper() if isinstance(value, str) else value
    return {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(str(level), level)


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Template = Annotated[Name, _with_one("{username}")]
TeamTemplate = Annotated[Name, _with_one("{name}")]
LegacyTemplate = Annotated[Template, AfterValidator(_with_text)]
LegacyTeamTemplate = Annotated[TeamTemplate, AfterValidator(_with_text)]
Url = Annotated[Name, AfterValidator(rebuilt_url)]
Roles = Annotated[tuple[Name, ...], Field(strict=False)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class StandingGrant(_Section):
    """Roles that an account of the site gets on every project made."""

    username: Name
    roles: Annotated[Roles, AfterValidator(_some)]
    user_domain_name: Name | None = None
    """The account's domain; without it, the domain of `cloud_env`'s user."""


class LegacyTemplates(_Section):
    """The names that releases of the older service gave; by them what it made is recognised, as it has no marks."""

    user_name: Annotated[tuple[LegacyTemplate, ...], Field(strict=False)] = ("concertim_{username}", "CM_{username}")
    project_name: Annotated[tuple[LegacyTemplate, ...], Field(strict=False)] = (
        "concertim_{username}_project",
        "CM_{username}_proj",
    )
    team_name: Annotated[tuple[LegacyTeamTemplate, ...], Field(strict=False)] = ("CM_{name}",)


class TeamRoles(_Section):
    """The Keystone role of each role in a Concertim team."""

    admin: Name = "member"
    """Whoever administers a team in Concertim needs no Keystone `admin`, which would be cloud administrator."""
    member: Name = "member"


class Settings(_Section):
    """Every setting with its default; config.sample.yaml explains each."""

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_level_name)] = (
        "INFO"
    )

    log_file: Annotated[Path, Field(strict=False)] = Path("/var/log/concertim-openstack-service/user-handler.log")
    log_format: Literal["line", "json"] = "line"

    user_name: Template = "concertim_{username}"
    project_name: Template = "concertim_{username}_project"
    team_name: TeamTemplate = "concertim_{name}"
    legacy_templates: LegacyTemplates = LegacyTemplates()

    user_roles: Annotated[Roles, AfterValidator(_some), AfterValidator(_never_admin)] = ("member",)
    """At least one: a user without any role counts as one whose sign-up was never finished."""
    cloud_env_roles: Roles = ("admin",)
    standing_grants: Annotated[tuple[StandingGrant, ...], Field(strict=False)] = (
        StandingGrant(username="concertim", roles=("watcher", "member")),
    )
    team_roles: TeamRoles = TeamRoles()
    billing_keys: bool = True

    deadline: Annotated[float, Field(gt=0, le=3600)] = 50
    """Seconds one request may take; below the 60 after which the UI (v1.0.0 and later) stops waiting."""
    max_concurrent_requests: Annotated[int, Field(ge=1, le=MOST_CONCURRENT_REQUESTS)] = 16
    """The UI sends up to five at once; its oldest releases give up after 5 s and repeat while the first is at work."""
    stop_grace: Annotated[float, Field(ge=1, le=3600)] = 8
    """Seconds for requests in flight when the service is told to stop; `docker stop` waits 10."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = 64 * 1024

    jwt_secret: SecretStr | None = None
    """What callers' tokens are signed with: from the environment or a file of its own, never from the config file."""
    jwt_secret_file: Annotated[str, AfterValidator(_secret_file)] | None = None
    jwt_lifetime: Annotated[float, Field(ge=60, le=86400)] = 300
    """Seconds that a token may be valid. The UI's are for 60; those that the UI gives to ordinary users, for a day."""

    allowed_auth_urls: Annotated[tuple[Url, ...], Field(strict=False), AfterValidator(_some_url)] | None = None
    """The Keystones that may be asked, and nothing else; without it, any that `cloud_env` names."""
    cacert: Annotated[FilePath, Field(strict=False), AfterValidator(_certificates)] | None = None
    """The certificate bundle that https Keystones are verified with; without it, certifi's."""
    insecure: bool = False
    """Whether https Keystones are not verified at all."""

    @field_validator("insecure")
    @classmethod
    def _not_beside_certificates(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("cacert"):
            raise ValueError("must not be true beside cacert: certificates are either verified or not")
        return value


def current() -> Settings:
    """The settings in force: of the text in CONCERTIM_CONFIG_TEXT, or of the file that CONCERTIM_CONFIG names.

    Without either, of the file at the default path; else the defaults. With them the secret of JWT_SECRET, else of its
    file. Files are read once per process. Raises Misconfigured, with every problem.
    """
    named, text = os.environ.get(PATH_VARIABLE), os.environ.get(TEXT_VARIABLE) or None
    if named and text:
        raise Misconfigured(f"{TEXT_VARIABLE} is given beside {PATH_VARIABLE} or --config: leave one of them out")
    return load(named or str(DEFAULT_PATH), optional=not named, secret=os.environ.get(JWT_VARIABLE), text=text)


# Threads that ask first at the same time may each read it; the values are equal, and no more depends on them.
@lru_cache(maxsize=4)
def load(name: str | Path, *, optional: bool = False, secret: str | None = None, text: str | None = None) -> Settings:
    """The settings in this text, else in the file of this name; where it is `optional` and missing, the defaults.

    Raises Misconfigured.
    """
    settings, problems = parse(text) if text is not None else _read(Path(name), optional)
    source = f"environment variable {TEXT_VARIABLE}" if text is not None else name
    problems = [f"{source}: {problem}" for problem in problems]
    file = settings.jwt_secret_file if settings else None
    if file and secret is not None:
        problems.append(f"{source}: {SECTION}.jwt_secret_file: is given beside {JWT_VARIABLE}: leave one of them out")
    try:
        if secret is not None:
            secret = jwt_secret.checked(secret)
        elif file:
            secret = jwt_secret.read(Path(file))
    except ValueError as error:
        problems.append(f"{file or f'environment variable {JWT_VARIABLE}'}: {error}")
    if settings is None or problems:
        raise Misconfigured("\n".join(problems))
    return settings.model_copy(update={"jwt_secret": SecretStr(secret)}) if secret else settings


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
    """The settings in a config.yaml's text, or None and every problem with its line."""
    return config_file.parse(text, Settings)
