"""PATCH /team_role: changes the role of a user in a team."""

from lib.answer.body import Done
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.ownership import get_user_and_project
from lib.keystone.team_roles import replace_team_roles
from lib.request.teams import TeamRoleChange


@endpoint
def update_team_role(request: TeamRoleChange) -> Done:
    """Grants what `new_role` means, then revokes what any other role means and what the older service granted.

    So the user is never without a role, and keeps one that both roles mean. Answers 201 `{"success": true}`.

    Errors: 400 the request; 403 cloud_env is refused or lacks the rights, or the user or project is not managed by
    Concertim; 404 one of them does not exist; 409 Keystone refuses it for a state that an operator can change; 424
    the role, or a domain in the settings, is missing; 502, 503, 504 Keystone failed: repeat.
    """
    membership = request.team_role
    cloud = connect(request.cloud_env)
    user, project = get_user_and_project(cloud, membership.user_id, membership.project_id)
    replace_team_roles(cloud, user, project, membership.new_role)
    return Done()
