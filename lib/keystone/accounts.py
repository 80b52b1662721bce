"""The roles, accounts and domains that an operator prepares: their ids, or all that is missing with how to make it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from lib.call.concurrency import in_parallel
from lib.call.masking import mask
from lib.errors import CloudNotPrepared
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import DomainDisabled, NotListed
from lib.keystone.namesakes import hint_at_namesake
from lib.settings.sections import StandingGrant

DomainSetting = tuple[str, str]
"""A setting that names a domain, and the name."""


@dataclass(frozen=True)
class Missing:
    """Something that is to be prepared and is not there."""

    what: str
    command: str = ""
    """The command that creates or enables it."""
    setting: str = ""
    """What to write into the settings, where Keystone does not tell its name from another that exists."""
    choice: str = ""
    """What helps where an operator has to choose, with the command that may be one of the choices."""

    @property
    def remedy(self) -> str:
        """What helps, for an answer about this alone."""
        if self.setting:
            return f"In the settings write {self.setting}: Keystone does not tell these names apart."
        return self.choice or self.command


def account_id(cloud: Connection, account: StandingGrant) -> str:
    """Returns the id of a standing account. Raises NotListed where it or its domain is missing, or DomainDisabled."""
    return cloud.ids.user(account.username, _domain_id(cloud, account))


def is_in_domain(cloud: Connection, account: StandingGrant, domain_id: str) -> bool:
    """Whether the standing account is in this domain. Its own domain need not exist."""
    try:
        return _domain_id(cloud, account) == domain_id
    except (DomainDisabled, NotListed):
        return False


def prepared_ids(
    cloud: Connection,
    roles: Sequence[str] = (),
    accounts: Sequence[StandingGrant] = (),
    domains: Sequence[DomainSetting] = (),
) -> list[str]:
    """Returns the ids of all these, in this order. Raises CloudNotPrepared with everything that is missing."""
    look_ups = [partial(look_up_role, cloud, one) for one in roles]
    look_ups += [partial(look_up_account, cloud, one) for one in accounts]
    found = in_parallel([*look_ups, *(partial(look_up_domain, cloud, *one) for one in domains)])
    missing = [one for one in found if isinstance(one, Missing)]
    if missing:
        raise CloudNotPrepared(_message(missing))
    return [str(one) for one in found]


def _message(missing: Sequence[Missing]) -> str:
    what = dict.fromkeys(one.what for one in missing)
    message = f"The cloud is not prepared for Concertim: it has no {', no '.join(what)}."
    in_settings = ", and ".join(dict.fromkeys(one.setting for one in missing if one.setting))
    if in_settings:
        message += f" In the settings write {in_settings}: Keystone does not tell these names apart."
    choices = [*dict.fromkeys(one.choice for one in missing if one.choice)]
    message = " ".join([message, *choices])
    commands = "; ".join(dict.fromkeys(one.command for one in missing if one.command))
    if commands:
        # At the end, to be copied from there.
        message += f" {'For the others, run' if in_settings or choices else 'Run'}: {commands}"
    return message


def _domain_id(cloud: Connection, account: StandingGrant) -> str:
    return cloud.ids.domain(account.user_domain_name) if account.user_domain_name else cloud.identity.user_domain_id


def look_up_role(cloud: Connection, name: str) -> str | Missing:
    """Returns the id of the role of this name, or how to create it."""
    try:
        return cloud.ids.role(name)
    except NotListed as why:
        settings_with_roles = "user_roles, cloud_env_roles, standing_grants, team_roles"
        return _missing(f"role {name}", f"openstack role create {shlex.quote(name)}", settings_with_roles, why)


def look_up_account(cloud: Connection, account: StandingGrant) -> str | Missing:
    """Returns the id of the standing account, or how to create it or its domain."""
    domain = account.user_domain_name
    domain_id = look_up_domain(cloud, "standing_grants", domain) if domain else cloud.identity.user_domain_id
    if isinstance(domain_id, Missing):
        return domain_id
    try:
        return account_id(cloud, account)
    except NotListed as why:
        what = f"user {account.username} in domain {domain or domain_id}"
        command = f"openstack user create --domain {domain_id} --password-prompt {shlex.quote(account.username)}"
        missing = _missing(what, command, "standing_grants", why)
        hint = "" if domain or missing.setting else hint_at_namesake(cloud, account)
        return Missing(what, choice=f"{hint} Otherwise, run: {command}.") if hint else missing


def look_up_domain(cloud: Connection, setting: str, name: str) -> str | Missing:
    """Returns the id of the domain of this name that the setting has, or how to create or enable it."""
    what = f"domain {name} (in {setting})"
    try:
        return cloud.ids.domain(name)
    except DomainDisabled as why:
        return Missing(f"{what} that is enabled", f"openstack domain set --enable {why.domain_id}")
    except NotListed as why:
        return _missing(what, f"openstack domain create {shlex.quote(name)}", setting, why)


def _missing(what: str, command: str, settings_with_it: str, why: NotListed) -> Missing:
    if not why.look_alikes:
        return Missing(what, command=command)
    # Keystone would refuse to make what it does not tell from what exists.
    there = mask(why.look_alikes[0].name)
    return Missing(f"{what}, but {there}", setting=f"{there} (in {settings_with_it})")
