"""Keystone's users and projects as values: what of them matters here, and whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from lib import marks
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

    def is_for(self, kind: str, login: str, name: str) -> bool:
        """Whether it is Concertim's, of this kind and for this login: by its mark, or, having none, by its name."""
        return self.mark == (kind, login) if self.mark else self.name == name


_Found = TypeVar("_Found", bound=_Named)


@dataclass(frozen=True)
class User(_Named):
    """A Keystone user."""

    default_project_id: str | None


@dataclass(frozen=True)
class Project(_Named):
    """A Keystone project."""


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
    return User(**_named(attributes), default_project_id=attributes.get("default_project_id"))


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
