"""POST /user: creates a user, who gets roles with the teams that they join."""

from lib.answer.users import UserCreated
from lib.endpoint import endpoint
from lib.keystone.client import marks
from lib.keystone.connect import connect
from lib.keystone.users import ensure_user
from lib.request.users import NewUser


@endpoint
def create_user(request: NewUser) -> UserCreated:
    """Creates the Keystone user of a Concertim login, or finds the one that an earlier request created.

    Answers 201 `{"success": true, "username", "user_cloud_id"}`, where `username` is the login as it was sent.

    Errors: 400 the request, or Keystone's rules for it; 403 cloud_env is refused or lacks the rights; 409 a user of
    this name is not this login's; 424 the domain of users is missing, or Keystone lets the password expire at once;
    502, 503, 504 Keystone failed: repeat.
    """
    cloud = connect(request.cloud_env)
    user = ensure_user(cloud, request, marks.REPORTED)
    return UserCreated(username=request.username, user_cloud_id=user.id)
