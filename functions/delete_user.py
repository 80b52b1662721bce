"""DELETE /delete_user and DELETE /user: removes a user, and the project of theirs."""

from lib import keystone
from lib.endpoint import done, endpoint
from lib.errors import Answer
from lib.models import UserRemoval


@endpoint
def delete_user(request: UserRemoval) -> Answer:
    """Removes the project, if its id is given, and the user. What is gone already, or has no id, is as good as removed.

    Answers 201 `{"success": true}`. The project's servers and volumes are not Keystone's and stay in the cloud.

    Errors: 400 the request; 403 cloud_env is refused, or the user or the project is not Concertim's, or not each
    other's; 502, 503, 504 Keystone: repeat the request.
    """
    cloud = keystone.connect(request.cloud_env)
    user, project = keystone.own_pair(cloud, request.user_info.cloud_user_id, request.user_info.project_id)
    keystone.remove_all(cloud, project, user)
    return done()
