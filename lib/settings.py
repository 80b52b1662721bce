"""The settings: `log_level` and the section `user_handler` of Concertim's config.yaml, checked and frozen."""

import os
import re
import ssl
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    StringConstraints,
    ValidationError,
)

from lib.errors import Misconfigured

# Shared by all Concertim services on the host; everything in it that is not ours belongs to another of them.
DEFAULT_PATH = Path("/etc/concertim-openstack-service/config.yaml")
PATH_VARIABLE = "CONCERTIM_CONFIG"
SECTION = "user_handler"


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


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValueError(f"cannot be used as certificates: {error.strerror or error}") from None
    return path


def _level_name(value: object) -> object:
    """In any case, and by either of the names that Python's logging has for it."""
    level = value.upper() if isinstance(value, str) else value
    return {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(str(level), level)


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Template = Annotated[Name, _with_one("{username}")]
TeamTemplate = Annotated[Name, _with_one("{name}")]
LegacyTemplate = Annotated[Template, AfterValidator(_with_text)]
LegacyTeamTemplate = Annotated[TeamTemplate, AfterValidator(_with_text)]
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
    threads: Annotated[int, Field(ge=1, le=100)] = 8
    """Requests served at once; the UI sends up to five."""
    stop_grace: Annotated[float, Field(ge=1, le=3600)] = 8
    """Seconds for requests in flight when the service is told to stop; `docker stop` waits 10."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = 64 * 1024
    cacert: Annotated[FilePath, Field(strict=False), AfterValidator(_certificates)] | None = None
    """The certificate bundle that https Keystones are verified with; without it, certifi's."""


def current() -> Settings:
    """The settings in force: of the file that CONCERTIM_CONFIG names, else of the default path, else the defaults.

    Each file is read once per process. Raises Misconfigured.
    """
    named = os.environ.get(PATH_VARIABLE)
    return load(Path(named)) if named else load(DEFAULT_PATH, optional=True)


@lru_cache(maxsize=4)
def load(path: Path, *, optional: bool = False) -> Settings:
    """The settings in this file; where it is `optional` and missing, the defaults. Raises Misconfigured."""
    settings: Settings | None = None
    try:
        settings, problems = parse(path.read_text("utf-8"))
    except FileNotFoundError as error:
        if optional:
            return Settings()
        problems = [str(error.strerror)]
    except PermissionError:
        problems = [_permission_needed(path)]
    except IsADirectoryError:
        problems = [
            "Is a directory; Docker makes one where the file to mount is missing. Remove it and put the file there."
        ]
    except OSError as error:
        problems = [str(error.strerror)]
    except UnicodeDecodeError:
        problems = ["is not UTF-8 text"]
    if settings is None:
        raise Misconfigured("\n".join(f"{path}: {problem}" for problem in problems))
    return settings


def _permission_needed(path: Path) -> str:
    """What an operator can do; the file holds passwords of other services, so it is often for root alone."""
    closed = next((folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK)), None)
    what, bits = (closed, "g+x") if closed else (path, "g+r")
    return (
        f"Permission denied for uid {os.geteuid()}, gid {os.getegid()};"
        f" as root: chgrp {os.getegid()} {what} && chmod {bits} {what}"
    )


def parse(text: str) -> tuple[Settings | None, list[str]]:
    """The settings in a config.yaml's text, or None and every problem with its line."""
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        return None, [f"line {error.problem_mark.line + 1 if error.problem_mark else '?'}: {error.problem}"]
    except yaml.reader.ReaderError as error:
        return None, [f"line {text.count(chr(10), 0, error.position) + 1}: {error.reason}"]
    except RecursionError:
        return None, ["line 1: is nested too deep"]
    if root is None:
        return Settings(), []
    if not isinstance(root, yaml.MappingNode):
        return None, ["line 1: must be a mapping of keys to values"]
    # Ours alone: what is amiss in another service's section is that service's business.
    ours = yaml.MappingNode(root.tag, [pair for pair in root.value if pair[0].value in ("log_level", SECTION)])
    try:
        if problems := [*_repeated(ours)] or [*_misplaced(ours)]:
            return None, problems
        document = loader.construct_document(ours)
        section = document.pop(SECTION, None) or {}
        return Settings.model_validate(
            {name: value for name, value in document.items() if value is not None} | section
        ), []
    except ValidationError as error:
        return None, [text for _, text in sorted(_problems(error, ours))]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [f"line {_line(ours, (SECTION,))}: {SECTION}: {str(error).splitlines()[0]}"]


def _repeated(node: yaml.Node) -> Iterator[str]:
    """Keys given twice, of which YAML would drop the first without a word."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield f"line {key.start_mark.line + 1}: {name}: is given twice"
            seen.add(name)
            yield from _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated(value)


def _misplaced(ours: yaml.MappingNode) -> Iterator[str]:
    for key, value in ours.value:
        if key.value != SECTION:
            continue
        if not isinstance(value, yaml.MappingNode) and value.tag != "tag:yaml.org,2002:null":
            yield f"line {key.start_mark.line + 1}: {SECTION}: must be a mapping of keys to values"
        elif isinstance(value, yaml.MappingNode) and any(inner.value == "log_level" for inner, _ in value.value):
            yield f"line {_line(ours, (SECTION, 'log_level'))}: log_level: belongs at the top level of the file"


def _problems(error: ValidationError, root: yaml.Node) -> Iterator[tuple[int, str]]:
    sentences = {
        "extra_forbidden": "no such setting; config.sample.yaml has them all",
        "tuple_type": "must be a list",
        "model_type": "must be a mapping of keys to values",
    }
    for problem in error.errors(include_url=False, include_input=False):
        where: tuple[Any, ...] = problem["loc"]
        path = where if where[0] == "log_level" else (SECTION, *where)
        what = sentences.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        line = _line(root, path)
        yield line, f"line {line}: {'.'.join(map(str, path))}: {what}"


def _line(node: yaml.Node, path: tuple[Any, ...]) -> int:
    """The line of the key or item at this path, or of the nearest thing above it."""
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if not found:
                break
            key, node = found[0]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
