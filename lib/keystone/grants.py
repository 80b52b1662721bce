"""look_up_grants and ensure_grants: who gets which role on a new project, looked up before anything is made."""

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from lib import call, log, settings
from lib.errors import CloudNotPrepared
from lib.keystone.claims import SECONDS_OF_A_WAVE, not_taken_over
from lib.keystone.connection import Connection, NotListed
from lib.keystone.refusals import Gone
from lib.keystone.resources import Project, User
from lib.masking import mask
from lib.settings import Settings, StandingGrant
from lib.waves import at_once


@dataclass(frozen=True)
class Grants:
    """The ids of the new user's roles, and of (role, account) of everybody else."""

    user_role_ids: tuple[str, ...]
    others: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Missing:
    what: str
    command: str = ""
    """What makes it."""
    setting: str = ""
    """What to write into the settings, where Keystone does not tell it from what is there."""


def look_up_grants(cloud: Connection) -> Grants:
    """The grants that the settings ask for. Raises CloudNotPrepared, naming all that is missing and how to make it."""
    ours = settings.current()
    return cloud.kept_with_ids(ours, lambda: _looked_up(cloud, ours))


def _looked_up(cloud: Connection, ours: Settings) -> Grants:
    standing = ours.standing_grants
    role_names = sorted({*ours.user_roles, *ours.cloud_env_roles, *(role for one in standing for role in one.roles)})
    found = at_once(
        [*(partial(_role, cloud, name) for name in role_names), *(partial(_account, cloud, one) for one in standing)]
    )
    ids = _all_found(found)
    id_of = dict(zip(role_names, ids, strict=False))
    others = [(id_of[role], cloud.user_id) for role in ours.cloud_env_roles]
    for one, account_id in zip(standing, ids[len(role_names) :], strict=True):
        others += [(id_of[role], account_id) for role in one.roles]
    return Grants(tuple(id_of[role] for role in ours.user_roles), tuple(others))


def ensure_grants(cloud: Connection, project: Project, user: User | None = None) -> None:
    """Gives everybody their roles on the project and makes it its user's default one, all at once; a team has no user.

    Other roles that the user of an earlier request holds are left as they are; of `admin` the log is told.
    """
    with_ids_of_now(cloud, lambda: _give(cloud, project, user, look_up_grants(cloud)))


def with_ids_of_now(cloud: Connection, step: Callable[[], None]) -> None:
    """Does the step; once more if a role or account in it was made anew since its id was looked up."""
    try:
        step()
    except Gone:
        cloud.forget_ids()
        step()


def role_ids(cloud: Connection, wanted: Sequence[str]) -> list[str]:
    """The ids of these roles. Raises CloudNotPrepared, as look_up_grants does."""
    return _all_found(at_once([partial(_role, cloud, name) for name in wanted]))


def _give(cloud: Connection, project: Project, user: User | None, grants: Grants) -> None:
    steps: list[Callable[[], None]] = [partial(cloud.grant, role_id, to, project.id) for role_id, to in grants.others]
    if user is None:
        at_once(steps)
        return
    steps += [partial(cloud.grant, role_id, user.id, project.id) for role_id in grants.user_role_ids]
    if user.default_project_id != project.id:
        steps.append(partial(_make_default, cloud, user, project))
    if user.claimed_by != call.current().request_id:
        steps.append(partial(_warn_of_admin, cloud, user))
    begun = time.monotonic()
    at_once(steps)
    # Where no answer of this wave tells who holds the user at the end of it.
    if user.default_project_id == project.id or time.monotonic() - begun > SECONDS_OF_A_WAVE:
        not_taken_over(user, cloud.find_user(user.name, user.id))


def _make_default(cloud: Connection, user: User, project: Project) -> None:
    """Keystone's answer tells, at the cost of no call, whether another request has claimed the user meanwhile."""
    not_taken_over(user, cloud.update_user(user.id, default_project=project.id))


def _warn_of_admin(cloud: Connection, user: User) -> None:
    if "admin" in cloud.roles_of(user.id).values():
        log.logger.warning(
            "User %s holds the role admin, which makes a cloud administrator on a stock Keystone. To see where:"
            " openstack role assignment list --names --role admin --user %s",
            user.shown_name,
            user.id,
        )


def _all_found(found: Sequence["str | _Missing"]) -> list[str]:
    missing = [one for one in found if isinstance(one, _Missing)]
    if missing:
        commands = "; ".join(one.command for one in missing if one.command)
        in_settings = ", and ".join(one.setting for one in missing if one.setting)
        raise CloudNotPrepared(
            f"The cloud is not prepared for Concertim: it has no {', no '.join(one.what for one in missing)}."
            + (
                f" In the settings write {in_settings}: Keystone does not tell these names apart."
                if in_settings
                else ""
            )
            # At the end, to be copied from there.
            + (f" Make {'the others' if in_settings else 'them'} with: {commands}" if commands else "")
        )
    return [str(one) for one in found]


def _role(cloud: Connection, name: str) -> str | _Missing:
    try:
        return cloud.role_id(name)
    except NotListed as why:
        settings_with_roles = "user_roles, cloud_env_roles, standing_grants, team_roles"
        return _missing(f"role {name}", f"openstack role create {shlex.quote(name)}", settings_with_roles, why)


def _account(cloud: Connection, account: StandingGrant) -> str | _Missing:
    try:
        domain_id = cloud.domain_id(account.user_domain_name) if account.user_domain_name else cloud.user_domain_id
    except NotListed as why:
        domain = account.user_domain_name or ""
        return _missing(f"domain {domain}", f"openstack domain create {shlex.quote(domain)}", "standing_grants", why)
    try:
        return cloud.account_id(account.username, domain_id)
    except NotListed as why:
        what = f"user {account.username} in domain {account.user_domain_name or domain_id}"
        command = f"openstack user create --domain {domain_id} --password-prompt {shlex.quote(account.username)}"
        return _missing(what, command, "standing_grants", why)


def _missing(what: str, command: str, settings_with_it: str, why: NotListed) -> _Missing:
    if not why.look_alikes:
        return _Missing(what, command=command)
    # Keystone would refuse to make what it does not tell from what is there.
    there = mask(why.look_alikes[0].name)
    return _Missing(f"{what}, but {there}", setting=f"{there} (in {settings_with_it})")
