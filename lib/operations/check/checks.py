"""All checks of a cloud, in their order: what the later ones need comes first."""

from functools import partial
from typing import TYPE_CHECKING

from lib import call
from lib.answer.operations import CheckItem
from lib.errors import Problem
from lib.keystone.client.connection import Connection
from lib.keystone.connect import front_of, log_in_anew
from lib.operations.check import account, in_use, keystone, names, passwords, prepared, roles
from lib.operations.check.front import front_items
from lib.operations.check.items import Check, all_of, failed, not_checked, not_seen, ok, seen
from lib.operations.check.rights import rights_of
from lib.request.model import CloudEnv

if TYPE_CHECKING:
    from lib.keystone.client.front import Front

# The share of the deadline in which nothing more is asked, so that what was seen can be answered.
RESERVED = 0.1
OF_THE_FRONT = ("reachable", "tls", "redirect", "version", "connections")
OF_THE_ACCOUNT = ("credentials", "scope", "account", "account_password", "clock")
OF_THE_RIGHTS = (
    *("read", "create_users", "change_users", "remove_users", "create_projects", "remove_projects"),
    *("revoke_roles", "grant_roles"),
)
OF_THE_CLOUD = (*OF_THE_RIGHTS, "roles", "accounts", "domains", "user_domain", "passwords", "lists")
OF_THE_OPTIONS = ("password_length", "first_use", "lockout", "password_expiry", "password_history")
OF_THE_NAMES = (
    *("user_names", "project_names", "team_names", in_use.CHECK),
    *("services_to_v1_1", "services_from_v1_2"),
)
ALL = (*OF_THE_FRONT, *OF_THE_ACCOUNT, *OF_THE_CLOUD, *OF_THE_OPTIONS, *OF_THE_NAMES)
# These need a log-in.
BEHIND = (*OF_THE_ACCOUNT, *OF_THE_CLOUD, in_use.CHECK, "services_from_v1_2")


def check_all(cloud_env: CloudEnv) -> list[CheckItem]:
    """Returns what all checks have seen, in the order of ALL. Nothing is changed. Raises AuthUrlNotAllowed."""
    with call.ending_early(RESERVED):
        front = front_of(cloud_env)
        items = front_items(front, cloud_env.auth_url)
        stopped = next((item.check for item in items if item.state == "problem"), "")
        if stopped:
            items += not_checked(BEHIND, stopped)
        else:
            items += _behind_the_front(front, cloud_env)
    items += [*passwords.option_items(), *names.length_items(), names.services_to_v1_1()]
    return sorted(items, key=lambda item: ALL.index(item.check))


def _behind_the_front(front: "Front", cloud_env: CloudEnv) -> list[CheckItem]:
    proved = seen(front.prove_account)
    if isinstance(proved, Problem):
        refused = account.credentials_refused(front, proved)
        return [refused, *not_checked(BEHIND[1:], "credentials")]
    good = ok("credentials", "Keystone accepts the password of cloud_env's account.")
    before = account.now()
    cloud = seen(partial(log_in_anew, cloud_env))
    if isinstance(cloud, Problem):
        refused = account.scope_refused(front, cloud_env, cloud)
        return [good, refused, *not_checked(BEHIND[2:], "scope")]
    return [good, *_of_the_cloud(cloud, partial(account.clock_items, cloud, before, account.now()))]


def _of_the_cloud(cloud: Connection, clock: Check) -> list[CheckItem]:
    rights, own = rights_of(cloud), seen(partial(cloud.find_user, cloud.identity.user_id))
    known = None if isinstance(own, Problem) else own
    needed: dict[str, Check] = {
        "revoke_roles": partial(roles.revoking, cloud, rights),
        "roles": partial(prepared.roles, cloud),
        "accounts": partial(prepared.accounts, cloud),
        "domains": partial(prepared.domains_in_settings, cloud),
    }
    others: dict[str, Check] = {
        "clock": clock,
        "user_domain": partial(keystone.writable_items, cloud),
        "passwords": partial(passwords.rule_items, cloud),
        "lists": partial(keystone.list_items, cloud),
        in_use.CHECK: partial(in_use.name_items, cloud),
    }
    told = [*account.account_items(cloud, known), *rights.items(), *all_of(needed, failed), *all_of(others, not_seen)]
    return [*told, roles.granting(), names.services_from_v1_2(known.name if known else "")]
