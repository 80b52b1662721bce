"""What Keystone wants of passwords, compared with what the Concertim UI lets people choose: 6 to 128 characters."""

from lib import settings
from lib.answer.operations import CheckItem
from lib.errors import BadRequest
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import REFUSALS
from lib.keystone.passwords import FIRST_USE
from lib.operations.check.items import ok, unknown, warning

# The simplest and the longest that the UI takes.
SAMPLES = {"one of six small letters": "abcdef", "one of 128 letters, digits and signs": "aB3-" * 32}
# bcrypt, by which Keystone stores passwords by default, uses so many bytes.
BCRYPT_BYTES = 72
SECTION = "[security_compliance] of keystone.conf"


def rule_items(cloud: Connection) -> list[CheckItem]:
    """Returns whether Keystone accepts the passwords that the UI does, by users of a domain that does not exist."""
    for what, sample in SAMPLES.items():
        try:
            cloud.probes.create_user(password=sample)
        except BadRequest as why:
            says = why.message.partition(": ")[2]
            refused = f"Keystone refuses passwords that the Concertim UI lets people choose, such as {what}: {says}"
            remedy = f"Tell people the rule before they sign up, or change password_regex in {SECTION}."
            return [warning("passwords", refused, remedy)]
    rule = _rule(cloud)
    accepted = "Keystone accepts the simplest and the longest password that the Concertim UI does"
    return [ok("passwords", f"{accepted}, and has the rule {rule}." if rule else f"{accepted}.")]


def _rule(cloud: Connection) -> str:
    try:
        return cloud.probes.password_rule(cloud.identity.user_domain_id)
    except REFUSALS:
        # Keystone tells it of the default domain alone.
        return ""


def option_items() -> list[CheckItem]:
    """Returns what no call shows of Keystone's options for passwords, with the line of keystone.conf to look at."""
    return [
        _length(),
        _option(
            "first_use",
            FIRST_USE,
            "people must change a password before its first use",
            f"Look at change_password_upon_first_use in {SECTION}; if it is true, write into the settings:"
            f" user_options: [{FIRST_USE}]",
        ),
        _option(
            "lockout",
            "ignore_lockout_failure_attempts",
            "failed log-ins lock users, cloud_env's account included",
            f"Look at lockout_failure_attempts and lockout_duration in {SECTION}; to unlock a user: openstack user"
            " set --disable USER && openstack user set --enable USER",
        ),
        _option(
            "password_expiry",
            "ignore_password_expiry",
            "passwords of people expire",
            f"Look at password_expires_days in {SECTION}; if it is set, write into the settings: user_options:"
            " [ignore_password_expiry]",
        ),
        unknown(
            "password_history",
            "No call shows whether users may take an earlier password again, which matters only where they change their"
            " own in Keystone.",
            f"Look at unique_last_password_count and minimum_password_age in {SECTION}.",
        ),
    ]


def _option(check: str, option: str, what: str, remedy: str) -> CheckItem:
    if option in settings.current().user_options:
        return ok(check, f"The setting user_options has {option}.")
    return unknown(check, f"No call shows whether {what}.", remedy)


def _length() -> CheckItem:
    most = settings.current().max_password_bytes
    if most and most <= BCRYPT_BYTES:
        return ok("password_length", f"The setting max_password_bytes refuses passwords of more than {most} bytes.")
    return unknown(
        "password_length",
        f"No call shows what Keystone does with passwords of more than {BCRYPT_BYTES} bytes: refuse them, use all, or"
        " drop the end.",
        "Look at strict_password_check in [DEFAULT] and password_hash_algorithm in [identity] of keystone.conf.",
    )
