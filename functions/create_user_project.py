"""POST /create_user_project: signs a user up."""

from lib import settings
from lib.answer.users import SignedUp
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.grants import ensure_grants, look_up_grants
from lib.keystone.projects import ensure_project
from lib.keystone.users import ensure_user
from lib.request.users import SignUp


@endpoint
def create_user_project(request: SignUp) -> SignedUp:
    """Creates the Keystone user and project of a Concertim login, or finishes what an earlier request began.

    Answers 201 `{"project_id", "user_id", "username"}`, where `username` is the login as it was sent. With the setting
    `billing_keys` it also has `billing_account_id` (UI v1.0.0 to v1.1.0) and `billing_acct_id` (v0.2.2, v0.2.3): the id
    that was sent, else the project's, as the UI needs one that no other user has.

    Errors: 400 the request, or Keystone's rules for it; 403 cloud_env is refused or lacks the rights; 409 a user or
    project of this name is not this login's; 424 a role, an account or a domain is missing, or Keystone lets
    the password expire at once; 502, 503, 504 Keystone failed: repeat.
    """
    cloud = connect(request.cloud_env)
    grants = look_up_grants(cloud)
    user = ensure_user(cloud, request)
    project = ensure_project(cloud, request, user)
    ensure_grants(cloud, grants, project, user)
    billing_id = (request.billing_account_id or project.id) if settings.current().billing_keys else None
    return SignedUp(
        project_id=project.id,
        user_id=user.id,
        username=request.username,
        billing_account_id=billing_id,
        billing_acct_id=billing_id,
    )
