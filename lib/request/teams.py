"""What requests about teams and their members hold, as the Concertim UI sends them from v1.2.0 on."""

from types import MappingProxyType

from lib.request.fields import KeystoneId, OptionalId, OptionalText, TeamName, TeamRole
from lib.request.model import ForCloud, Model


class NewTeam(ForCloud):
    """POST /team. The UI sends the ids once it has them."""

    names_in_log = MappingProxyType({"name": "team", "project_id": "project_id"})

    name: TeamName
    project_id: OptionalId = None
    billing_acct_id: OptionalText = None


class TeamInfo(Model):
    """The id of a team's project, or null where the UI never had one."""

    project_id: OptionalId


class TeamRemoval(ForCloud):
    """DELETE /team."""

    team_info: TeamInfo


class Membership(Model):
    """Which role to grant to which user in which team."""

    role: TeamRole
    project_id: KeystoneId
    user_id: KeystoneId


class NewTeamRole(ForCloud):
    """POST /team_role."""

    team_role: Membership


class ChangedMembership(Model):
    """Which role of which user in which team is to become which other."""

    current_role: TeamRole
    new_role: TeamRole
    project_id: KeystoneId
    user_id: KeystoneId


class TeamRoleChange(ForCloud):
    """PATCH /team_role."""

    team_role: ChangedMembership


class EndedMembership(Model):
    """Which role of which user in which team to revoke: none where an id is null, because the UI never had one."""

    role: TeamRole
    project_id: OptionalId
    user_id: OptionalId


class TeamRoleRemoval(ForCloud):
    """DELETE /team_role."""

    team_role: EndedMembership
