"""The password that a user gets: with which options it is set, and whether it opens the account."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from lib import settings
from lib.errors import BadRequest, CloudNotPrepared, NameTaken
from lib.keystone.client.resources import LogInRefused, User

FIRST_USE = "ignore_change_password_upon_first_use"
# Keystone's password_expires_days is a day at least. The clocks of two hosts differ by less than half a day.
SHORTEST_LIFE = timedelta(hours=12)


def values_of(password: SecretStr, field: str = "password") -> dict[str, Any]:
    """Returns the values that set the password. Raises BadRequest where it is longer than max_password_bytes.

    `field` is where the request has the password.
    """
    ours, secret = settings.current(), password.get_secret_value()
    size, most = len(secret.encode()), ours.max_password_bytes
    if most and size > most:
        raise BadRequest(f"{field}: has {size} bytes in UTF-8, and at most {most} are allowed (max_password_bytes)")
    return {"password": secret} | ({"options": dict.fromkeys(ours.user_options, True)} if ours.user_options else {})


def must_be_set_twice() -> bool:
    """Whether the site has the option for first use, which Keystone heeds in a change and not in a create."""
    return FIRST_USE in settings.current().user_options


def check_opens(user: User) -> None:
    """Raises CloudNotPrepared where the password that was just set expired at once, so that it does not log in."""
    if not user.password_expires or user.password_expires > datetime.now(UTC) + SHORTEST_LIFE:
        return
    remedy = "An operator can look at the user's options, and at [security_compliance] in keystone.conf."
    if not must_be_set_twice():
        remedy = f"Add {FIRST_USE} to the setting user_options."
    raise CloudNotPrepared(
        "The cloud is not prepared for Concertim: Keystone let the password expire as soon as it was set, so that"
        f" nobody can log in with it (change_password_upon_first_use). {remedy}"
    )


def not_proved(user: User, refused: LogInRefused) -> NameTaken:
    """Returns the problem of a user who is in use, and whom the password that was sent does not open."""
    if refused.wants_factor:
        why = (
            "the password sent is right, and Keystone wants a second factor, too, which Concertim cannot give. An"
            f" operator can look (openstack user show {user.shown_id}) and do without it (openstack user set"
            f" --disable-multi-factor-auth {user.shown_id})."
        )
    elif "expired" in refused.says:
        why = (
            f"{refused.says} An operator can set the password that Concertim has, and keep it from expiring upon first"
            f" use (openstack user set --ignore-change-password-upon-first-use --password-prompt {user.shown_id})."
        )
    elif refused.says:
        why = f"{refused.says} An operator can look (openstack user show {user.shown_id})."
    else:
        why = (
            "the password sent does not open it, or failed log-ins have locked it, which Keystone does not tell apart."
            f" If it is this login's, an operator can look into Keystone's log, unlock it ({_unlock(user.shown_id)}),"
            f" set its password (openstack user set --password-prompt {user.shown_id}) or remove it."
        )
    return NameTaken(
        f"User {user.shown_name} exists and cannot be proved to be this sign-up's: {why}",
        step="prove the user's password",
        keystone_request_id=refused.keystone_request_id,
    )


def _unlock(user_id: str) -> str:
    """Returns the commands that end a lock-out. Newer ones send Keystone nothing where the user is enabled already."""
    return f"openstack user set --disable {user_id} && openstack user set --enable {user_id}"
