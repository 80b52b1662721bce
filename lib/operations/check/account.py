"""Whether the account in cloud_env logs in, for which project, and how Keystone's clock compares with ours."""

import shlex
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lib.answer.operations import CheckItem
from lib.errors import CloudEnvRefused, Problem
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import NotAuthenticated
from lib.keystone.client.resources import User
from lib.operations.check.items import failed, ok, parted, problem, unknown, warning
from lib.request.model import CloudEnv

if TYPE_CHECKING:
    from lib.keystone.client.front import Front

CREDENTIALS = "Put the right user, domain and password into cloud_env."
# With more, keystoneauth takes a token for expired too early or too late. Its own margin is as long.
MOST_SKEW = timedelta(seconds=30)
# Keystone tells its time in whole seconds.
SECOND = timedelta(seconds=1)


def credentials_refused(front: "Front", why: Problem) -> CheckItem:
    """Returns the item where a log-in without a project was refused or failed."""
    if isinstance(why, NotAuthenticated):
        refused = (
            f"Keystone refuses the log-in of cloud_env's account ({front.account}), and does not say whether the user,"
            " its domain or the password is wrong or disabled, or failed log-ins have locked the user."
        )
        return problem("credentials", refused, CREDENTIALS)
    return failed("credentials", why, CREDENTIALS if isinstance(why, CloudEnvRefused) else "Check again.")


def scope_refused(front: "Front", env: CloudEnv, why: Problem) -> CheckItem:
    """Returns the item where the password is right, and Keystone gives no token for the project."""
    if not isinstance(why, CloudEnvRefused):
        return failed("scope", why)
    user = env.user_id or env.username or ""
    domain = "" if env.user_id else f" --user-domain {shlex.quote(env.user_domain_name or '')}"
    of_project = "" if env.project_id else f" --project-domain {shlex.quote(env.project_domain_name or '')}"
    project = shlex.quote(env.project_id or env.project_name or "")
    command = f"openstack role add --user {shlex.quote(user)}{domain} --project {project}{of_project} admin"
    if not isinstance(why, NotAuthenticated):
        return problem("scope", *parted(why.message, "Put the right project into cloud_env."))
    refused = (
        f"Keystone accepts the password of cloud_env's account ({front.account}) and gives no token for the project:"
        " that or its domain is wrong or disabled, or the account has no role on it."
    )
    return problem("scope", refused, f"Put the right project into cloud_env, or grant the role: {command}")


def account_items(cloud: Connection, own: User | None) -> list[CheckItem]:
    """Returns what the account's token tells of its project and role, and what Keystone tells of its password."""
    scope = ok("scope", f"Keystone gives a token for project {cloud.identity.project_id}, and none wider is asked for.")
    if cloud.probes.is_admin():
        role = ok("account", "The account in cloud_env holds the role admin on its project.")
    else:
        role = ok("account", "The account in cloud_env has rights by Keystone's policy alone, and not the role admin.")
    return [scope, role, _password(own)]


def _password(own: User | None) -> CheckItem:
    if own is None:
        nothing = "Keystone does not tell when the password of cloud_env's account expires."
        return unknown("account_password", nothing, "Look at password_expires_days in [security_compliance].")
    if not own.password_expires:
        return ok("account_password", "The password of cloud_env's account does not expire.")
    expires = f"The password of cloud_env's account expires at {own.password_expires:%Y-%m-%d %H:%M} UTC."
    return warning("account_password", expires, f"openstack user set --ignore-password-expiry {own.id}")


def clock_items(cloud: Connection, before: datetime, after: datetime) -> list[CheckItem]:
    """Compares when Keystone says that it has issued the token with our times before and after."""
    return [_clock(cloud.probes.issued(), before, after)]


def _clock(issued: datetime, before: datetime, after: datetime) -> CheckItem:
    ahead = max(issued - after, before - issued - SECOND, timedelta())
    if ahead <= MOST_SKEW:
        return ok("clock", f"Keystone's clock and this host's differ by less than {MOST_SKEW.seconds} s.")
    which = "ahead of" if issued > after else "behind"
    return warning(
        "clock",
        f"Keystone's clock is {ahead.total_seconds():.0f} s {which} this host's, and more than"
        f" {MOST_SKEW.seconds} s make this service log in too often, or use tokens that have expired.",
        "Let both hosts set their clocks by the same time servers (chronyc tracking).",
    )


def now() -> datetime:
    """Returns our time."""
    return datetime.now(UTC)
