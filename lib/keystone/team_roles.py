"""give_team_role, replace_team_roles and take_team_roles: what a role in a Concertim team means in Keystone."""

from functools import partial

from lib import settings
from lib.keystone.connection import Connection
from lib.keystone.grants import role_ids, with_ids_of_now
from lib.keystone.resources import Project, User
from lib.waves import at_once

# What the older service granted, whatever the settings are now; its admin was a cloud administrator.
OLDER_ROLES = ("admin", "member")


def give_team_role(cloud: Connection, user: User, project: Project, team_role: str) -> None:
    """Grants what this role in a team means; granted already is as good."""

    def give() -> None:
        [role_id] = role_ids(cloud, [_keystone_role(team_role)])
        cloud.grant(role_id, user.id, project.id)

    with_ids_of_now(cloud, give)


def replace_team_roles(cloud: Connection, user: User, project: Project, team_role: str) -> None:
    """Grants what this role in a team means, then revokes what any other means: the user is never without one."""
    give_team_role(cloud, user, project, team_role)
    take_team_roles(cloud, user, project, but=team_role)
    if _keystone_role(team_role) not in cloud.roles_of(user.id, project.id).values():
        # Another change, the other way round, has revoked it meanwhile.
        give_team_role(cloud, user, project, team_role)


def take_team_roles(cloud: Connection, user: User, project: Project, but: str | None = None) -> None:
    """Revokes what any role in a team means, as do the sign-up and the older service, except what `but` means.

    In Concertim one has one role in a team: whatever else is held is left over from a call that was not repeated.
    """
    ours = settings.current()
    meant = {*OLDER_ROLES, *ours.user_roles, *(role for _, role in ours.team_roles)}
    unwanted = meant - ({_keystone_role(but)} if but else set())
    held = cloud.roles_of(user.id, project.id)
    at_once([partial(cloud.revoke, one, user.id, project.id) for one, name in held.items() if name in unwanted])


def _keystone_role(team_role: str) -> str:
    return str(getattr(settings.current().team_roles, team_role))
