"""DELETE /team: removes the project of a team."""

from lib.answer.body import Done
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.ownership import find_managed_project
from lib.keystone.removal import remove_all
from lib.request.teams import TeamRemoval


@endpoint
def delete_team(request: TeamRemoval) -> Done:
    """Removes the project. One that does not exist, or whose id is null, is no error.

    Answers 201 `{"success": true}`. Keystone does not know the project's servers and volumes: they stay in the cloud.

    Errors: 400 the request; 403 cloud_env is refused, Keystone's policy forbids the removal, or the project is not
    managed by Concertim; 409 Keystone refuses it for a state that an operator can change; 424 a domain in the
    settings is missing; 502, 503, 504 Keystone failed: repeat.
    """
    cloud = connect(request.cloud_env)
    remove_all(cloud, find_managed_project(cloud, request.team_info.project_id))
    return Done()
