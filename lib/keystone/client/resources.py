"""Keystone's users, projects and tokens as checked values: their ids become parts of URLs."""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, StringConstraints
from pydantic.dataclasses import dataclass

from lib.call.masking import shown
from lib.keystone.client import marks
from lib.request.fields import PlainId

Name = Annotated[str, StringConstraints(max_length=255)]
_CHECKED = ConfigDict(strict=True, hide_input_in_errors=True)


@dataclass(frozen=True, config=_CHECKED)
class Identity:
    """Who logged in, and into which project: what a token says."""

    user_id: PlainId
    user_domain_id: PlainId
    project_id: PlainId
    project_domain_id: PlainId


@dataclass(frozen=True, config=_CHECKED)
class Listed:
    """One item of a list of Keystone's: a role, a domain, or a user in a domain."""

    id: PlainId
    name: Name
    domain_id: PlainId | None = None
    enabled: bool = True


@dataclass(frozen=True, config=_CHECKED)
class LogInRefused:
    """Why Keystone does not let a person log in, as far as it says."""

    says: str
    """Keystone's sentence. It is empty for a wrong password or a locked account: there Keystone does not say why."""
    wants_factor: bool
    keystone_request_id: str


@dataclass(frozen=True, config=_CHECKED)
class _Resource:
    id: PlainId
    name: Name
    domain_id: PlainId
    enabled: bool
    mark: tuple[str, str] | None
    """The kind and the login or team that it is managed for."""
    last_request: str
    """The id of the request that created it, claimed it, or set its password last."""
    created: str
    """When this service created or marked it, as an ISO 8601 time in UTC; empty where it has no mark."""

    @property
    def shown_id(self) -> str:
        """The id as messages may quote it, for the same reason."""
        return shown(self.id)

    @property
    def shown_name(self) -> str:
        """The name as messages may quote it. Keystone, or what answers in its place, may send anything."""
        return shown(self.name)


@dataclass(frozen=True, config=_CHECKED)
class User(_Resource):
    """A Keystone user."""

    email: str
    full_name: str

    default_project_id: PlainId | None
    reported: bool
    """Whether the user was reported to the UI without a project."""
    claimed: datetime | None
    """Since when `last_request` may be about to set the password, or to remove the user: see claims.py."""
    taken_over: datetime | None
    """When the call that ends a claim has set the password last."""
    password_expires: datetime | None
    """When Keystone refuses the password until it is changed, if ever."""


@dataclass(frozen=True, config=_CHECKED)
class Project(_Resource):
    """A Keystone project."""

    tags: tuple[str, ...]


def as_identity(token: Any) -> Identity:
    """Returns the value of keystoneauth's access info."""
    return Identity(token.user_id, token.user_domain_id, token.project_id, token.project_domain_id)


def as_listed(attributes: Mapping[str, Any]) -> Listed:
    """Returns the value of an item's attributes."""
    return Listed(attributes["id"], attributes["name"], attributes.get("domain_id"), attributes.get("enabled", True))


def as_user(attributes: Mapping[str, Any]) -> User:
    """Returns the value of a user's attributes."""
    return User(
        **_common(attributes),
        email=_text_in(attributes, "email"),
        full_name=_text_in(attributes, "concertim_full_name"),
        default_project_id=attributes.get("default_project_id"),
        reported="concertim_finished" in attributes,
        claimed=marks.time_in(attributes, "concertim_claimed"),
        taken_over=marks.time_in(attributes, "concertim_taken_over"),
        password_expires=_expires(attributes),
    )


def _expires(attributes: Mapping[str, Any]) -> datetime | None:
    # Keystone shows the time even where an option of the user keeps the password valid beyond it.
    options = attributes.get("options") or {}
    return None if options.get("ignore_password_expiry") else marks.time_in(attributes, "password_expires_at")


def as_project(attributes: Mapping[str, Any]) -> Project:
    """Returns the value of a project's attributes."""
    return Project(**_common(attributes), tags=tuple(attributes.get("tags") or ()))


def _common(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": attributes["id"],
        "name": attributes["name"],
        # Once in memory, as a list has the same one thousands of times.
        "domain_id": sys.intern(attributes["domain_id"]),
        "enabled": attributes["enabled"],
        "mark": marks.mark_in(attributes),
        "last_request": str(attributes.get("concertim_request", "")),
        "created": _text_in(attributes, "concertim_created"),
    }


def _text_in(attributes: Mapping[str, Any], name: str) -> str:
    # Other tools may write anything into it.
    value = attributes.get(name)
    return value if isinstance(value, str) else ""
