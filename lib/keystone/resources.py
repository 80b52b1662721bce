"""What Keystone answers as values, checked: users, projects, roles, and whose they are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import ConfigDict, StringConstraints
from pydantic.dataclasses import dataclass

from lib import marks, names
from lib.errors import NameTaken
from lib.fields import PlainId
from lib.masking import shown

Name = Annotated[str, StringConstraints(max_length=255)]
# Ids become parts of URLs. Whatever else answers as Keystone would is found out here.
_CHECKED = ConfigDict(strict=True, hide_input_in_errors=True)


@dataclass(frozen=True, config=_CHECKED)
class Listed:
    """An object that was looked up by its name, in its domain if it has one."""

    id: PlainId
    name: Name
    domain_id: PlainId | None = None


@dataclass(frozen=True, config=_CHECKED)
class _Named:
    id: PlainId
    name: Name
    domain_id: PlainId
    enabled: bool
    mark: tuple[str, str] | None
    claimed_by: str
    """The request that made it or took it over last."""

    kinds: ClassVar[tuple[str, ...]]

    @property
    def shown_name(self) -> str:
        """The name for messages: whoever answers as Keystone may have put anything into it."""
        return shown(self.name)

    def owners(self) -> set[tuple[str, str]]:
        """Whose it may be, as (kind, login or team): by its mark, or, having none, by its name. Nobody's: not ours."""
        if self.mark:
            return {self.mark} if self.mark[0] in self.kinds else set()
        return set().union(*(names.owners(kind, self.name) for kind in self.kinds))


_Found = TypeVar("_Found", bound=_Named)


@dataclass(frozen=True, config=_CHECKED)
class User(_Named):
    """A Keystone user."""

    kinds: ClassVar = (marks.USER,)
    default_project_id: PlainId | None
    finished: bool
    """Whether it was reported to the UI as it is, without a project."""
    claimed: datetime | None
    """Since when the request in `claimed_by` may be about to set the password, or to remove the user."""
    taken_over: datetime | None
    """When a request that took the user over has set the password last."""


@dataclass(frozen=True, config=_CHECKED)
class Project(_Named):
    """A Keystone project."""

    kinds: ClassVar = (marks.PROJECT, marks.TEAM)


@dataclass(frozen=True, config=_CHECKED)
class Identity:
    """Who logged in, and into which project: what a token says."""

    user_id: PlainId
    user_domain_id: PlainId
    project_id: PlainId
    project_domain_id: PlainId


def as_identity(token: Any) -> Identity:
    """The value of keystoneauth's access info."""
    return Identity(token.user_id, token.user_domain_id, token.project_id, token.project_domain_id)


def as_listed(attributes: Mapping[str, Any]) -> Listed:
    """The value of what a list of Keystone's has."""
    return Listed(attributes["id"], attributes["name"], attributes.get("domain_id"))


def enabled(found: _Found) -> _Found:
    """The user or project, unless an operator has disabled it: that is not for us to undo."""
    if not found.enabled:
        kind = type(found).__name__
        raise NameTaken(
            f"{kind} {found.shown_name} exists and is disabled. If it is to be used again, an operator can enable it"
            f" (openstack {kind.lower()} set --enable {found.id})."
        )
    return found


def as_user(found: Any) -> User:
    """The value of a keystoneclient user."""
    attributes = found.to_dict()
    return User(
        **_named(attributes),
        default_project_id=attributes.get("default_project_id"),
        finished="concertim_finished" in attributes,
        claimed=marks.time_of(attributes, "claimed"),
        taken_over=marks.time_of(attributes, "taken_over"),
    )


def as_project(found: Any) -> Project:
    """The value of a keystoneclient project."""
    return Project(**_named(found.to_dict()))


def _named(attributes: Mapping[str, Any]) -> dict[str, Any]:
    # From the attributes: the resource object itself sends a GET when asked for one that it lacks.
    return {
        "id": attributes["id"],
        "name": attributes["name"],
        "domain_id": attributes["domain_id"],
        "enabled": attributes["enabled"],
        "mark": marks.read(attributes),
        "claimed_by": str(attributes.get("concertim_request", "")),
    }
