"""ensure_user: the user of a sign-up, made or proved to be this sign-up's own. The user is the lock."""

from collections.abc import Mapping
from types import MappingProxyType

from lib import call, marks, names
from lib.errors import BadRequest, NameTaken, Unfinished
from lib.keystone.claims import not_being_claimed, not_taken_over, take_back, take_over, unclaimed
from lib.keystone.connection import Connection
from lib.keystone.ownership import existing_user, why_not_managed
from lib.keystone.proof import LogInRefused
from lib.keystone.refusals import Gone, Taken
from lib.keystone.resources import User, enabled
from lib.keystone.retry import note_if_ours
from lib.models import NewData, NewUser, SignUp


def ensure_user(cloud: Connection, sign_up: NewUser, more: Mapping[str, str] = MappingProxyType({})) -> User:
    """The user of this sign-up: the one whose id it carries, else one made now, else the one of its name if its own.

    One that is made now, taken over, or adopted while unfinished gets `more` attributes.
    """
    name = names.name_of(marks.USER, sign_up.username)
    known = cloud.get_user(sign_up.cloud_user_id) if sign_up.cloud_user_id else None
    if known:
        why = why_not_managed(cloud, known, (marks.USER, sign_up.username))
        if why:
            raise NameTaken(
                f"cloud_user_id names a user that is not login {sign_up.username}'s in Concertim: it {why}."
            )
        return enabled(unclaimed(cloud, known))
    if sign_up.password is None:
        raise BadRequest("password: is required and must not be blank, as cloud_user_id names no user of this login")
    password = sign_up.password.get_secret_value()
    # Free text only ever into attributes: in a name or description some clouds drop the connection on it.
    about = {"email": sign_up.email, "concertim_full_name": sign_up.name}
    person = {key: value for key, value in about.items() if value}
    try:
        return cloud.create_user(name, password, {**marks.mark(marks.USER, sign_up.username), **person, **more})
    except Taken:
        return _adopt(cloud, sign_up.username, name, password, person, more)


def change_user(cloud: Connection, user_id: str, data: NewData) -> None:
    """Gives the managed user of this id a new password, e-mail or both. Raises NotFound where there is none."""
    user = unclaimed(cloud, existing_user(cloud, user_id))
    # Signed: a sign-up of this user that is under way finds out.
    password = {"password": data.password.get_secret_value(), **marks.claim()} if data.password else {}
    cloud.update_user(user.id, **password, **({"email": data.email} if data.email else {}))


def release_user(cloud: Connection, sign_up: SignUp, user: User) -> None:
    """Takes back a user whose sign-up cannot be finished; never one that holds a role or whose id the client has."""
    reported = user.finished or user.default_project_id or user.id == sign_up.cloud_user_id
    if reported or user.mark != (marks.USER, sign_up.username) or cloud.has_roles(user.id):
        return
    try:
        take_back(cloud, user)
        call.current().changed = False
    except Gone:
        call.current().changed = False
    except Unfinished:
        # Whoever else is at work on the user goes on.
        return


def _adopt(
    cloud: Connection, login: str, name: str, password: str, person: Mapping[str, str], more: Mapping[str, str]
) -> User:
    """The existing user of this name, if the password opens it, or it is unfinished work of this very login."""
    found = cloud.find_users(name)
    user = next((one for one in found if one.name == name), None)
    if user is None and found:
        raise NameTaken(
            f"A user whose name Keystone does not tell from {name} exists, and is another login's."
            " Choose another login, or let an operator rename that user (openstack user set --name)."
        )
    if user is None:
        raise Taken(f"User {name} was removed while this request asked for it. Repeat the request.")
    note_if_ours(user.claimed_by)
    why = why_not_managed(cloud, user, (marks.USER, login))
    if why:
        raise NameTaken(
            f"User {name} exists and is not login {login}'s in Concertim: it {why}. Choose another login, or let an"
            f" operator rename that user (openstack user set --name NEW-NAME {user.id})."
        )
    not_being_claimed(enabled(user))
    refused = cloud.prove_password(user.id, password)
    if refused is None:
        return _reported(cloud, user, more)
    if user.mark and not cloud.has_roles(user.id):
        return take_over(cloud, user, password, {**person, **more})
    raise _does_not_open(user, refused)


def _does_not_open(user: User, refused: LogInRefused) -> NameTaken:
    """What to tell of a user whom the password does not open, and whom a role shows to be in use."""
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


def _reported(cloud: Connection, user: User, more: Mapping[str, str]) -> User:
    """The user with `more`, if it is unfinished work of a sign-up that may be taking it back."""
    if not more or user.finished or user.default_project_id:
        return user
    now = cloud.update_user(user.id, **more)
    not_taken_over(user, now)
    return now
