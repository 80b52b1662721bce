"""DELETE /team_role: ends a user's membership of a team."""

from lib.answer.body import Done
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.ownership import find_user_and_project
from lib.keystone.team_roles import revoke_team_roles
from lib.request.teams import TeamRoleRemoval


@endpoint
def delete_team_role(request: TeamRoleRemoval) -> Done:
    """Revokes what any role in a team means, and what the older service granted.

    A user or project that does not exist, or whose id is null, is no error. Answers 201 `{"success": true}`.

    Errors: 400 the request; 403 cloud_env is refused or lacks the rights, or the user or project is not managed by
    Concertim; 409 Keystone refuses it for a state that an operator can change; 424 a domain in the settings is
    missing; 502, 503, 504 Keystone failed: repeat.
    """
    membership = request.team_role
    cloud = connect(request.cloud_env)
    user, project = find_user_and_project(cloud, membership.user_id, membership.project_id)
    if user and project:
        revoke_team_roles(cloud, user, project)
    return Done()
