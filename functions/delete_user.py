"""DELETE /delete_user and DELETE /user: removes a user, and the project of theirs."""

from lib.endpoint import Answer, done, endpoint
from lib.keystone.connect import connect
from lib.keystone.ownership import find_owner
from lib.keystone.removal import remove_all
from lib.request.users import UserRemoval


@endpoint
def delete_user(request: UserRemoval) -> Answer:
    """Removes the project, if its id is given, and then the user. What is gone, or has no id, is as good as removed.

    Answers 201 `{"success": true}`. The project's servers and volumes are not Keystone's and stay in the cloud.

    Errors: 400 the request; 403 cloud_env is refused, Keystone's policy forbids the removal, or the user or the project
    is not managed by Concertim, or not each other's; 409 Keystone refuses to remove the project for a state that an
    operator can change; 502, 503, 504 Keystone: repeat the request. Where the project is gone and the user is refused,
    it is 503, and each repeat 403 or 409 until an operator has acted.
    """
    cloud = connect(request.cloud_env)
    user, project = find_owner(cloud, request.user_info.cloud_user_id, request.user_info.project_id)
    remove_all(cloud, project, user)
    return done()
