"""What answers to operators hold. Their entries are plain dicts, as there may be very many."""

from typing import Any, Literal, NotRequired

from pydantic import ConfigDict
from typing_extensions import TypedDict

from lib.answer.body import Body


class Grant(TypedDict, total=False):
    """A role that a user or a group holds on the entry's project."""

    role: str
    """The role's name, or its id where Keystone does not list it."""
    user_id: str
    user_name: str
    group_id: str


class RoleElsewhere(TypedDict):
    """A role that the entry's user holds on something else than the entry's project, or as a member of a group."""

    role: str
    scope: str
    """`project`, `domain` or `system`, and the id. It begins with `inherited from` where the role is held on all below
    that."""
    managed: bool
    """Whether it is a project that Concertim manages."""
    group_id: NotRequired[str]
    """The group that holds the role, if the user holds it as a member of one."""


class EntryProblem(TypedDict):
    """Something that is wrong with an entry."""

    code: str
    """It stays the same in later releases."""
    message: str


class Entry(TypedDict, total=False):
    """A person's user and project, or a team's project. What does not exist, or is not known, is left out."""

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
    user_marked: bool
    """Whether the user has Concertim's mark. What the older service made has none."""
    user_reported: bool
    """Whether the user was reported to the Concertim UI without a project."""
    default_project_id: str
    project_id: str
    project_name: str
    project_enabled: bool
    project_created: str
    project_request_id: str
    project_marked: bool
    grants: list[Grant]
    elsewhere: list[RoleElsewhere]
    problems: list[EntryProblem]


class Counts(TypedDict):
    """How many entries there are."""

    people: int
    teams: int
    with_problems: int


class CheckItem(Body):
    """What one check has seen."""

    # There is no remedy where nothing is wrong.
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    check: str
    """The name of the check, which stays the same in later releases. Several items may have the same."""
    state: Literal["ok", "warning", "problem", "unknown"]
    """`problem`: requests will fail. `warning`: they work, and there is something to know. `unknown`: no call has shown
    it."""
    message: str
    """What was seen, as a sentence for a person."""
    remedy: str | None = None
    """What helps: a sentence or a command. It is left out where the state is `ok`."""


class CloudChecked(Body):
    """Whether sign-ups, changes and removals will work at the cloud."""

    status_code = 200

    ready: bool
    """Whether no item is a problem."""
    items: list[CheckItem]
    """One or more for each check, in the order of the checks."""


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


class Repair(TypedDict, total=False):
    """What is done, or would be done, to a user or a project."""

    kind: Literal["person", "team"]
    login: str
    team: str
    user_id: str
    project_id: str
    action: str
    """A sentence."""
    left_alone: str
    """Why nothing is done, as a sentence, in place of `action`."""


class UserProjectsRepaired(Body):
    """What a repair has changed, or would change."""

    status_code = 200

    applied: bool
    """Whether anything was to be changed. Otherwise this is a plan."""
    repairs: list[Repair]
    remaining: int
    """How many logins and teams are left for the next call, as the time of this one was over."""

    def value(self) -> dict[str, Any]:
        """Returns the body, without a copy of the repairs."""
        return dict(self)
