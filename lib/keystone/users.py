"""ensure_user and change_user: the user of a sign-up, who is created, or found again."""

from collections.abc import Mapping
from types import MappingProxyType

from lib import call
from lib.errors import BadRequest, NameTaken, Unfinished
from lib.keystone.claims import check_not_claimed, check_still_held, take_back, take_over, unclaimed
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneConflict, KeystoneNotFound
from lib.keystone.client.resources import LogInRefused, Project, User
from lib.keystone.names import keystone_name
from lib.keystone.ownership import get_managed_user, refuse_disabled, why_not_managed
from lib.request.users import NewData, NewUser, SignUp


def ensure_user(cloud: Connection, sign_up: NewUser, more: Mapping[str, str] = MappingProxyType({})) -> User:
    """Returns the user of this sign-up: that of the id it carries, else a new one, else the managed one of its name.

    A user who is created, taken over, or adopted while unfinished gets the attributes in `more`.
    """
    known = cloud.find_user(sign_up.cloud_user_id) if sign_up.cloud_user_id else None
    if known:
        return _known(cloud, sign_up, known)
    if sign_up.password is None:
        raise BadRequest("password: is required and must not be blank, as cloud_user_id names no user of this login")
    name, password = keystone_name(marks.USER, sign_up.username), sign_up.password.get_secret_value()
    # Free text only ever becomes an attribute: in a name or description, it makes some clouds drop the connection.
    about = {"email": sign_up.email, "concertim_full_name": sign_up.name}
    attributes = {**{key: value for key, value in about.items() if value}, **more}
    mark = marks.mark(marks.USER, sign_up.username)
    try:
        return cloud.create_user(name, cloud.identity.user_domain_id, password, {**mark, **attributes})
    except KeystoneConflict:
        user = _of_name(cloud, sign_up.username, name)
    refused = cloud.prove_password(user.id, password)
    if refused is None:
        return _adopted(cloud, user, more)
    if user.mark and not cloud.has_roles(user.id):
        return take_over(cloud, user, password, attributes)
    raise _not_opened(user, refused)


def change_user(cloud: Connection, user_id: str, data: NewData) -> None:
    """Gives the managed user of this id a new password, e-mail or both. Raises as update_managed_user does."""
    changes = {"email": data.email} if data.email else {}
    if data.password:
        # By the request id, a concurrent sign-up of this user notices the new password.
        changes |= {"password": data.password.get_secret_value(), **marks.last_request()}
    update_managed_user(cloud, user_id, **changes)


def update_managed_user(cloud: Connection, user_id: str, **values: str | bool) -> None:
    """Changes the managed user of this id. Raises NotFound, NotConcertims, or Unfinished while the user is claimed."""
    user = unclaimed(cloud, get_managed_user(cloud, user_id))
    cloud.update_user(user.id, **values)


def take_back_if_unfinished(cloud: Connection, sign_up: SignUp, user: User) -> None:
    """Removes a user whose sign-up cannot be finished, but never one who holds a role or whose id the client has."""
    reported = user.reported or user.default_project_id or user.id == sign_up.cloud_user_id
    if reported or user.mark != (marks.USER, sign_up.username) or cloud.has_roles(user.id):
        return
    try:
        take_back(cloud, user)
    except KeystoneNotFound:
        pass
    except Unfinished:
        # Another request is at work on the user, and goes on.
        return
    call.current().note_undone()


def note_if_created(found: User | Project) -> None:
    """Records a change if an earlier try of this request created what was found, although it seemed to fail."""
    this = call.current()
    if found.last_request == this.request_id:
        this.note_change()


def _known(cloud: Connection, sign_up: NewUser, user: User) -> User:
    """Returns the user whose id the request carries. Raises NameTaken if it is not managed for this login."""
    why = why_not_managed(cloud, user, (marks.USER, sign_up.username))
    if why:
        raise NameTaken(f"cloud_user_id names a user that is not login {sign_up.username}'s in Concertim: it {why}.")
    return refuse_disabled(unclaimed(cloud, user))


def _of_name(cloud: Connection, login: str, name: str) -> User:
    """Returns the existing user of this name, whom nobody has claimed. Raises NameTaken if it is not this login's."""
    found = cloud.find_users(name, cloud.identity.user_domain_id)
    user = next((one for one in found if one.name == name), None)
    if user is None and found:
        raise NameTaken(
            f"A user whose name Keystone does not tell from {name} exists, and is another login's."
            " Choose another login, or let an operator rename that user (openstack user set --name)."
        )
    if user is None:
        raise KeystoneConflict(f"User {name} was removed while this request asked for it. Repeat the request.")
    note_if_created(user)
    why = why_not_managed(cloud, user, (marks.USER, login))
    if why:
        raise NameTaken(
            f"User {name} exists and is not login {login}'s in Concertim: it {why}. Choose another login, or let an"
            f" operator rename that user (openstack user set --name NEW-NAME {user.id})."
        )
    check_not_claimed(refuse_disabled(user))
    return user


def _adopted(cloud: Connection, user: User, more: Mapping[str, str]) -> User:
    """Returns the user whom the password opens, with the attributes in `more` if their sign-up is unfinished."""
    if not more or user.reported or user.default_project_id:
        return user
    now = cloud.update_user(user.id, **more)
    check_still_held(user, now)
    return now


def _not_opened(user: User, refused: LogInRefused) -> NameTaken:
    """Returns what to tell of a user who is in use, and whom the password does not open."""
    if refused.wants_factor:
        why = (
            "the password sent is right, and Keystone wants a second factor, too, which Concertim cannot give. An"
            f" operator can look (openstack user show {user.id}) and do without it (openstack user set"
            f" --disable-multi-factor-auth {user.id})."
        )
    elif "expired" in refused.says:
        why = (
            f"{refused.says} An operator can set the password that Concertim has, and keep it from expiring upon first"
            f" use (openstack user set --ignore-change-password-upon-first-use --password-prompt {user.id})."
        )
    elif refused.says:
        why = f"{refused.says} An operator can look (openstack user show {user.id})."
    else:
        why = (
            "the password sent does not open it, or failed log-ins have locked it, which Keystone does not tell apart."
            f" If it is this login's, an operator can look into Keystone's log, unlock it (openstack user set --enable"
            f" {user.id}), set its password (openstack user set --password-prompt {user.id}) or remove it."
        )
    return NameTaken(
        f"User {user.shown_name} exists and cannot be proved to be this sign-up's: {why}",
        step="prove the user's password",
        keystone_request_id=refused.keystone_request_id,
    )
