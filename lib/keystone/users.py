"""ensure_user and change_user: the user of a sign-up, who is created, or found again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lib import call
from lib.call.masking import shown
from lib.errors import BadRequest, CloudNotPrepared, NameTaken, Unfinished
from lib.keystone import domains, passwords
from lib.keystone.claims import (
    check_not_claimed,
    check_still_held,
    claim_for_create,
    end_claim,
    is_claimed_by_this_request,
    take_back,
    take_over,
    unclaimed,
)
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneConflict, KeystoneNotFound
from lib.keystone.client.resources import User
from lib.keystone.names import keystone_name
from lib.keystone.ownership import (
    get_managed_user,
    note_about,
    note_found,
    refuse_disabled,
    warn_of_unknown_id,
    why_not_managed,
)
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
    # Free text only ever becomes an attribute: in a name or description, it makes some clouds drop the connection.
    about = {"email": sign_up.email, "concertim_full_name": sign_up.name}
    attributes = {**{key: value for key, value in about.items() if value}, **more}
    values = {**attributes, **passwords.values_of(sign_up.password)}
    try:
        user = _created(cloud, sign_up.username, values)
        warn_of_unknown_id(user, sign_up.cloud_user_id)
    except KeystoneConflict:
        user = _of_name(cloud, sign_up.username)
        if not is_claimed_by_this_request(user):
            return _proved_or_taken_over(cloud, user, values, more)
    return _opened(cloud, user, values)


def change_user(cloud: Connection, user_id: str, data: NewData) -> None:
    """Gives the managed user of this id a new password, e-mail or both. Raises as update_managed_user does."""
    changes = {"email": data.email} if data.email else {}
    if data.password:
        # By the request id, a concurrent sign-up of this user notices the new password.
        changes |= {**passwords.values_of(data.password, "user_info.new_data.password"), **marks.last_request()}
    user = update_managed_user(cloud, user_id, **changes)
    this = call.current()
    if data.email:
        this.note_done("e-mail set")
    if data.password:
        this.note_done("password set")
        passwords.check_opens(user)


def update_managed_user(cloud: Connection, user_id: str, **values: Any) -> User:
    """Changes the managed user of this id. Raises NotFound, NotConcertims, or Unfinished while the user is claimed."""
    user = unclaimed(cloud, get_managed_user(cloud, user_id))
    return cloud.update_user(user.id, **values)


def take_back_if_unfinished(cloud: Connection, sign_up: SignUp, user: User) -> None:
    """Removes a user whose sign-up cannot be finished, but never one who holds a role or whose id the client has."""
    reported = user.reported or user.default_project_id or user.id == sign_up.cloud_user_id
    if reported or user.mark != (marks.USER, sign_up.username) or cloud.has_roles(user.id):
        return
    _take_back(cloud, user)


def _take_back(cloud: Connection, user: User) -> None:
    """Removes the user, unless another request is at work on the user and goes on."""
    try:
        take_back(cloud, user)
    except KeystoneNotFound:
        pass
    except Unfinished:
        return
    call.current().note_undone()


def _known(cloud: Connection, sign_up: NewUser, user: User) -> User:
    """Returns the user whose id the request carries. Raises NameTaken if it is not managed for this login."""
    note_found(user)
    why = why_not_managed(cloud, user, (marks.USER, sign_up.username))
    if why:
        raise NameTaken(
            f"cloud_user_id names a user that is not login {shown(sign_up.username)}'s in Concertim: it {why}."
        )
    return refuse_disabled(unclaimed(cloud, user))


def _created(cloud: Connection, login: str, values: Mapping[str, Any]) -> User:
    """Returns a new user. Raises KeystoneConflict where the name exists."""
    name, mark = keystone_name(marks.USER, login), marks.mark(marks.USER, login)
    claim = claim_for_create() if passwords.must_be_set_twice() else {}
    attributes = {**mark, **values, **claim}
    user = domains.create_in(
        domains.user_domain_id, cloud, lambda domain_id: cloud.create_user(name, domain_id, attributes)
    )
    note_about(user)
    return user


def _opened(cloud: Connection, user: User, values: Mapping[str, Any]) -> User:
    """Returns the user whom this request has created, once their password opens the account.

    Where it cannot, the user is removed again.
    """
    if user.claimed:
        user = end_claim(cloud, user, values)
    try:
        passwords.check_opens(user)
    except CloudNotPrepared:
        _take_back(cloud, user)
        raise
    return user


def _of_name(cloud: Connection, login: str) -> User:
    """Returns the existing user of this login's name, whom no other request has claimed.

    Raises NameTaken if it is not this login's.
    """
    name = keystone_name(marks.USER, login)
    found = cloud.find_users(name, domains.user_domain_id(cloud))
    user = next((one for one in found if one.name == name), None)
    if user is None and found:
        raise NameTaken(
            f"A user whose name Keystone does not tell from {shown(name)} exists, and is another login's."
            " Choose another login, or let an operator rename that user (openstack user set --name)."
        )
    if user is None:
        raise KeystoneConflict(f"User {shown(name)} was removed while this request asked for it. Repeat the request.")
    note_found(user)
    why = why_not_managed(cloud, user, (marks.USER, login))
    if why:
        raise NameTaken(
            f"User {shown(name)} exists and is not login {shown(login)}'s in Concertim: it {why}. Choose another"
            f" login, or let an operator rename that user (openstack user set --name NEW-NAME {user.shown_id})."
        )
    if not is_claimed_by_this_request(refuse_disabled(user)):
        check_not_claimed(user)
    return user


def _proved_or_taken_over(cloud: Connection, user: User, values: Mapping[str, Any], more: Mapping[str, str]) -> User:
    """Returns the existing user, whom the password opens, or who was unfinished and gets these values."""
    refused = cloud.prove_password(user.id, values["password"])
    if refused is None:
        return _adopted(cloud, user, more)
    if not user.mark or cloud.has_roles(user.id):
        raise passwords.not_proved(user, refused)
    user = take_over(cloud, user, values)
    passwords.check_opens(user)
    return user


def _adopted(cloud: Connection, user: User, more: Mapping[str, str]) -> User:
    """Returns the user whom the password opens, with the attributes in `more` if their sign-up is unfinished."""
    if not more or user.reported or user.default_project_id:
        return user
    now = cloud.update_user(user.id, **more)
    check_still_held(user, now)
    return now
