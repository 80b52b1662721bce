"""What answers to operators hold. Their entries are plain dicts, as there may be very many."""

from typing import Any, Literal

from pydantic import ConfigDict
from typing_extensions import TypedDict

from lib.answer.body import Body

_CLOSED = ConfigDict(extra="forbid")


class Grant(TypedDict, total=False):
    """A role that a user or a group holds on the entry's project."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]

    role: str
    """The role's name, or its id where Keystone does not list it."""
    user_id: str
    user_name: str
    group_id: str


class RoleElsewhere(TypedDict):
    """A role that the entry's user holds on something else than the entry's project."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]

    role: str
    scope: str
    """`project`, `domain` or `system`, and the id."""


class EntryProblem(TypedDict):
    """Something that is wrong with an entry."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]

    code: str
    """It stays the same in later releases."""
    message: str


class Entry(TypedDict, total=False):
    """A person's user and project, or a team's project. What does not exist, or is not known, is left out."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]

    kind: Literal["person", "team"]
    login: str
    team: str
    user_id: str
    user_name: str
    email: str
    full_name: str
    user_enabled: bool
    user_created: str
    """When this service created or marked the user: a time in UTC."""
    user_request_id: str
    """The last request that created the user, took the user over, or set the password."""
    project_id: str
    project_name: str
    project_enabled: bool
    project_created: str
    project_request_id: str
    grants: list[Grant]
    elsewhere: list[RoleElsewhere]
    problems: list[EntryProblem]


class Counts(TypedDict):
    """How many entries there are."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]

    people: int
    teams: int
    with_problems: int


class UserProjects(Body):
    """Every login and team of Concertim's in the cloud."""

    status_code = 200

    complete: bool
    """Whether Keystone has listed everything. Otherwise it has cut a list: see `list_limit` in keystone.conf."""
    counts: Counts
    entries: list[Entry]
    """Sorted: people by login, and then teams by name."""

    def value(self) -> dict[str, Any]:
        """Returns the body, without a copy of the entries."""
        return dict(self)
