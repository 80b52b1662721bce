"""POST /team_role: makes a user a member of a team."""

from lib.answer.body import Done
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.ownership import get_user_and_project
from lib.keystone.team_roles import grant_team_role
from lib.request.teams import NewTeamRole


@endpoint
def create_team_role(request: NewTeamRole) -> Done:
    """Grants the user the Keystone role on the team's project that the setting `team_roles` has for `role`.

    Answers 201 `{"success": true}`.

    Errors: 400 the request; 403 cloud_env is refused or lacks the rights, or the user or project is not managed by
    Concertim; 404 one of them does not exist; 409 Keystone refuses it for a state that an operator can change; 424
    the role, or a domain in the settings, is missing; 502, 503, 504 Keystone failed: repeat.
    """
    membership = request.team_role
    cloud = connect(request.cloud_env)
    user, project = get_user_and_project(cloud, membership.user_id, membership.project_id)
    grant_team_role(cloud, user, project, membership.role)
    return Done()
