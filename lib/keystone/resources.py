"""Keystone's users and projects as values: what of them matters here, and whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from lib import marks, names
from lib.errors import NameTaken


@dataclass(frozen=True)
class _Named:
    id: str
    name: str
    domain_id: str
    enabled: bool
    mark: tuple[str, str] | None
    claimed_by: str | None
    """The request that made it or took it over last."""

    kinds: ClassVar[tuple[str, ...]]

    def owners(self) -> set[tuple[str, str]]:
        """Whose it may be, as (kind, login or team): by its mark, or, having none, by its name. Nobody's: not ours."""
        if self.mark:
            return {self.mark} if self.mark[0] in self.kinds else set()
        return set().union(*(names.owners(kind, self.name) for kind in self.kinds))

    def is_for(self, kind: str, owner: str) -> bool:
        """Whether it is Concertim's, of this kind and for this login or team."""
        return self.mark == (kind, owner) if self.mark else self.name in names.names_of(kind, owner)


_Found = TypeVar("_Found", bound=_Named)


@dataclass(frozen=True)
class User(_Named):
    """A Keystone user."""

    kinds: ClassVar = (marks.USER,)
    default_project_id: str | None
    finished: bool
    """Whether it was reported to the UI as it is, without a project."""


@dataclass(frozen=True)
class Project(_Named):
    """A Keystone project."""

    kinds: ClassVar = (marks.PROJECT, marks.TEAM)


def enabled(found: _Found) -> _Found:
    """The user or project, unless an operator has disabled it: that is not for us to undo."""
    if not found.enabled:
        kind = type(found).__name__
        raise NameTaken(
            f"{kind} {found.name} exists and is disabled. If it is to be used again, an operator can enable it"
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
        "claimed_by": attributes.get("concertim_request"),
    }
