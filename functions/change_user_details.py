"""POST /change_user_details and PATCH /user: changes a user's password, e-mail or both."""

from lib.answer.body import Done
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.users import change_user
from lib.request.users import UserChange


@endpoint
def change_user_details(request: UserChange) -> Done:
    """Sets what `user_info.new_data` has. A new password revokes the tokens that the user has.

    Answers 201 `{"success": true}`. The UI then stores the new password as the user's.

    Errors: 400 nothing to change, a password that is null or blank, or one that a rule of Keystone's refuses; 403
    cloud_env is refused, or the user is not managed by Concertim; 404 there is no such user; 409 Keystone refuses it
    for a state that an operator can change; 424 a domain in the settings is missing; 502, 503, 504 Keystone failed:
    repeat.
    """
    cloud = connect(request.cloud_env)
    change_user(cloud, request.user_info.cloud_user_id, request.user_info.new_data)
    return Done()
