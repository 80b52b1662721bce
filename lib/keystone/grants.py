"""look_up_grants and ensure_grants: who gets which role on a project, looked up before anything is created."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lib import call, settings
from lib.call import log, metrics
from lib.call.concurrency import in_parallel
from lib.keystone import domains
from lib.keystone.accounts import prepared_ids
from lib.keystone.claims import SECONDS_TO_CLAIM, check_still_held
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneNotFound
from lib.keystone.client.resources import Project, User
from lib.settings.settings import Settings


@dataclass(frozen=True)
class Grants:
    """The ids of the new user's roles, and of each (role, account) for everybody else."""

    user_role_ids: tuple[str, ...]
    standing: tuple[tuple[str, str], ...]


def look_up_grants(cloud: Connection) -> Grants:
    """Returns the grants that the settings ask for. Raises CloudNotPrepared, naming all that is missing."""
    ours = settings.current()
    return cloud.ids.cached(ours, lambda: _look_up(cloud, ours))


def _look_up(cloud: Connection, ours: Settings) -> Grants:
    accounts = ours.standing_grants
    roles = sorted({*ours.user_roles, *ours.cloud_env_roles, *(role for one in accounts for role in one.roles)})
    # The domains are looked up as well, so that one answer tells everything that is missing.
    ids = prepared_ids(cloud, roles, accounts, domains.in_settings())
    id_of = dict(zip(roles, ids, strict=False))
    standing = [(id_of[role], cloud.identity.user_id) for role in ours.cloud_env_roles]
    for account, account_id in zip(accounts, ids[len(roles) :], strict=False):
        standing += [(id_of[role], account_id) for role in account.roles]
    return Grants(tuple(id_of[role] for role in ours.user_roles), tuple(standing))


def ensure_grants(cloud: Connection, grants: Grants, project: Project, user: User | None = None) -> None:
    """Grants everybody their roles on the project and makes it the user's default one, in parallel. A team has no user.

    Other roles that the user of an earlier request holds are left as they are. If `admin` is one, the log has a
    warning.
    """
    try:
        _grant_all(cloud, grants, project, user)
    except KeystoneNotFound:
        # A role or an account was removed and created again since its id was looked up.
        cloud.ids.clear()
        _grant_all(cloud, look_up_grants(cloud), project, user)


def _grant_all(cloud: Connection, grants: Grants, project: Project, user: User | None) -> None:
    steps: list[Callable[[], None]] = [partial(cloud.grant, role_id, to, project.id) for role_id, to in grants.standing]
    if user is None:
        in_parallel(steps)
        return
    steps += [partial(cloud.grant, role_id, user.id, project.id) for role_id in grants.user_role_ids]
    if user.default_project_id != project.id:
        steps.append(partial(_make_default, cloud, user, project))
    if user.last_request != call.current().request_id:
        steps.append(partial(_warn_of_admin, cloud, user))
    begun = time.monotonic()
    in_parallel(steps)
    # Without a call that makes the project the default one, no answer has told whether another request holds the user.
    if user.default_project_id == project.id or time.monotonic() - begun > SECONDS_TO_CLAIM:
        check_still_held(user, cloud.find_user_again(user))


def _make_default(cloud: Connection, user: User, project: Project) -> None:
    """Makes the project the user's default one. Keystone's answer tells whether another request claimed the user."""
    check_still_held(user, cloud.set_default_project(user.id, project.id))


def _warn_of_admin(cloud: Connection, user: User) -> None:
    if "admin" in cloud.roles_of(user.id).values():
        metrics.user_holds_admin()
        log.logger.warning(
            "User %s holds the role admin, which makes a cloud administrator on a stock Keystone. To see where:"
            " openstack role assignment list --names --role admin --user %s",
            user.shown_name,
            user.shown_id,
        )
