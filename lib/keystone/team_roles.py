"""What a role in a Concertim team means in Keystone: how it is granted, replaced and revoked."""

from functools import partial

from lib import settings
from lib.call.concurrency import in_parallel
from lib.keystone.accounts import prepared_ids
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneNotFound
from lib.keystone.client.resources import Project, User

# The older service granted these, whatever the settings are now. Its admin was a cloud administrator.
LEGACY_ROLES = ("admin", "member")


def grant_team_role(cloud: Connection, user: User, project: Project, team_role: str) -> None:
    """Grants the Keystone role of this team role. The user may hold it already."""
    try:
        _grant(cloud, user, project, team_role)
    except KeystoneNotFound:
        # The role was removed and created again since its id was looked up.
        cloud.ids.clear()
        _grant(cloud, user, project, team_role)


def replace_team_roles(cloud: Connection, user: User, project: Project, team_role: str) -> None:
    """Grants what this role in a team means, then revokes what any other means: the user is never without a role."""
    grant_team_role(cloud, user, project, team_role)
    revoke_team_roles(cloud, user, project, but=team_role)
    if _keystone_role(team_role) not in cloud.roles_of(user.id, project.id).values():
        # A concurrent change in the other direction has revoked it.
        grant_team_role(cloud, user, project, team_role)


def revoke_team_roles(cloud: Connection, user: User, project: Project, but: str | None = None) -> None:
    """Revokes what any role in a team means, and what the sign-up and the older service granted, except `but`.

    In Concertim, a person has one role in a team. Whatever else is held is left over from a call that was not repeated.
    """
    ours = settings.current()
    meant = {*LEGACY_ROLES, *ours.user_roles, *(role for _, role in ours.team_roles)}
    unwanted = meant - ({_keystone_role(but)} if but else set())
    held = cloud.roles_of(user.id, project.id)
    in_parallel([partial(cloud.revoke, one, user.id, project.id) for one, name in held.items() if name in unwanted])


def _grant(cloud: Connection, user: User, project: Project, team_role: str) -> None:
    [role_id] = prepared_ids(cloud, [_keystone_role(team_role)])
    cloud.grant(role_id, user.id, project.id)


def _keystone_role(team_role: str) -> str:
    return str(getattr(settings.current().team_roles, team_role))
