"""POST /team: creates the project of a team."""

from lib.answer.teams import TeamCreated
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.grants import ensure_grants, look_up_grants
from lib.keystone.projects import ensure_team
from lib.request.teams import NewTeam


@endpoint
def create_team(request: NewTeam) -> TeamCreated:
    """Creates the Keystone project of a Concertim team with its standing grants, or finishes what a request began.

    Answers 201 `{"project_id", "billing_acct_id"}`: the billing id that was sent, else the project's.

    Errors: 400 the request, or Keystone's rules for it; 403 cloud_env is refused or lacks the rights, or the project
    whose id is sent is not managed by Concertim; 409 a project of this name is not this team's; 424 a role, an account
    or a domain is missing; 502, 503, 504 Keystone failed: repeat.
    """
    cloud = connect(request.cloud_env)
    grants = look_up_grants(cloud)
    project = ensure_team(cloud, request)
    ensure_grants(cloud, grants, project)
    return TeamCreated(project_id=project.id, billing_acct_id=request.billing_acct_id or project.id)
