"""DELETE /delete_user and DELETE /user: removes a user and their project."""

from lib.answer.body import Done
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.ownership import find_user_and_own_project
from lib.keystone.removal import remove_all
from lib.request.users import UserRemoval


@endpoint
def delete_user(request: UserRemoval) -> Done:
    """Removes the project, if its id is sent, then the user. One that does not exist, or whose id is null, is no error.

    Answers 201 `{"success": true}`. Keystone does not know the project's servers and volumes: they stay in the cloud.

    Errors: 400 the request; 403 cloud_env is refused, Keystone's policy forbids the removal, or the user or project
    is not managed by Concertim, or the project is another user's; 409 Keystone refuses to remove the project for a
    state that an operator can change; 424 a domain in the settings is missing; 502, 503, 504 Keystone failed: repeat.
    Where the project was removed and the user is refused, the answer is 503, and each repeat is 403 or 409 until an
    operator has acted.
    """
    cloud = connect(request.cloud_env)
    user, project = find_user_and_own_project(cloud, request.user_info.cloud_user_id, request.user_info.project_id)
    remove_all(cloud, project, user)
    return Done()
