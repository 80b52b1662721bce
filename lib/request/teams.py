"""What requests about teams and their members hold, as the Concertim UI sends them from v1.2.0 on."""

from types import MappingProxyType

from lib.request.fields import KeystoneId, OptionalId, OptionalText, TeamName, TeamRole
from lib.request.model import ForCloud, Model

_MEMBERSHIP = {"user_id": "user_id", "project_id": "project_id"}


class NewTeam(ForCloud, since="v1.2.0"):
    """POST /team. The UI sends the ids once it has them."""

    names_in_log = MappingProxyType({"name": "team", "project_id": "project_id"})

    name: TeamName
    """The team's name in Concertim."""
    project_id: OptionalId = None
    """The project that the UI has already, which may be any managed project. If it does not exist, one is created."""
    billing_acct_id: OptionalText = None
    """The billing account that the UI has already; the same id is answered."""


class TeamInfo(Model, since="v1.2.0"):
    """The id of a team's project, or null where the UI never had one."""

    project_id: OptionalId
    """The id of a managed project. One that does not exist counts as removed."""


class TeamRemoval(ForCloud):
    """DELETE /team."""

    team_info: TeamInfo


class Membership(Model, since="v1.2.0"):
    """Which role to grant to which user in which team."""

    names_in_log = MappingProxyType({**_MEMBERSHIP, "role": "role"})

    role: TeamRole
    """The role in the team."""
    project_id: KeystoneId
    """The id of a managed project."""
    user_id: KeystoneId
    """The id of a managed user."""


class NewTeamRole(ForCloud):
    """POST /team_role."""

    team_role: Membership


class ChangedMembership(Model, since="v1.2.0"):
    """Which role of which user in which team is to become which other."""

    names_in_log = MappingProxyType({**_MEMBERSHIP, "new_role": "role"})

    current_role: TeamRole
    """The role in the team until now; it is checked and not used."""
    new_role: TeamRole
    """The role in the team from now on."""
    project_id: KeystoneId
    """The id of a managed project."""
    user_id: KeystoneId
    """The id of a managed user."""


class TeamRoleChange(ForCloud):
    """PATCH /team_role."""

    team_role: ChangedMembership


class EndedMembership(Model, since="v1.2.0"):
    """Which role of which user in which team to revoke: none where an id is null, because the UI never had one."""

    names_in_log = MappingProxyType({**_MEMBERSHIP, "role": "role"})

    role: TeamRole
    """The role in the team until now; it is checked and not used."""
    project_id: OptionalId
    """The id of a managed project. For one that does not exist, nothing is revoked."""
    user_id: OptionalId
    """The id of a managed user. For one that does not exist, nothing is revoked."""


class TeamRoleRemoval(ForCloud):
    """DELETE /team_role."""

    team_role: EndedMembership
