"""Whether the roles, accounts and domains that the settings name exist, and the commands that create them."""

from collections.abc import Callable, Sequence
from functools import partial

from lib import settings
from lib.answer.operations import CheckItem
from lib.call.concurrency import in_parallel
from lib.keystone import domains
from lib.keystone.accounts import Missing, look_up_account, look_up_domain, look_up_role
from lib.keystone.client.connection import Connection
from lib.operations.check.items import ok, problem


def roles_in_settings() -> list[str]:
    """Returns the names of all roles that the settings grant to anybody."""
    ours = settings.current()
    standing = [role for one in ours.standing_grants for role in one.roles]
    team = [ours.team_roles.admin, ours.team_roles.member]
    return sorted({*ours.user_roles, *ours.cloud_env_roles, *standing, *team})


def roles(cloud: Connection) -> list[CheckItem]:
    """Returns an item for each role that is missing, or one for all."""
    names = roles_in_settings()
    return _items("roles", [partial(look_up_role, cloud, name) for name in names], ", ".join(names))


def accounts(cloud: Connection) -> list[CheckItem]:
    """Returns an item for each standing account that is missing, or one for all."""
    standing = settings.current().standing_grants
    names = ", ".join(one.username for one in standing)
    return _items("accounts", [partial(look_up_account, cloud, one) for one in standing], names)


def domains_in_settings(cloud: Connection) -> list[CheckItem]:
    """Returns an item for each domain that is missing or disabled, or one for all."""
    named = domains.in_settings()
    names = ", ".join(dict.fromkeys(name for _, name in named))
    return _items("domains", [partial(look_up_domain, cloud, *one) for one in named], names)


def _items(check: str, look_ups: Sequence[Callable[[], str | Missing]], names: str) -> list[CheckItem]:
    missing = dict.fromkeys(one for one in in_parallel(look_ups) if isinstance(one, Missing))
    if missing:
        return [problem(check, f"The cloud has no {one.what}.", one.remedy) for one in missing]
    return [
        ok(check, f"All {check} of the settings are there: {names}." if names else f"The settings name no {check}.")
    ]
