"""How each action of a repair is done. Each reads again what it changes, and can be repeated."""

from collections.abc import Callable, Mapping
from functools import partial

from lib import settings
from lib.answer.operations import Entry
from lib.call.concurrency import in_parallel
from lib.keystone import domains
from lib.keystone.accounts import prepared_ids
from lib.keystone.claims import take_back
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.grants import ensure_grants, look_up_grants
from lib.keystone.names import possible_names
from lib.keystone.ownership import find_managed_project, find_managed_user, find_user_and_project
from lib.keystone.users import update_managed_user
from lib.operations.findings import ADMIN, Wanted, own_roles
from lib.operations.mapping import whose
from lib.operations.repair_plan import Action


def _mark_user(cloud: Connection, entry: Entry, _: Wanted) -> None:
    update_managed_user(cloud, entry["user_id"], **marks.mark(marks.USER, entry["login"]))


def _mark_project(cloud: Connection, entry: Entry, _: Wanted) -> None:
    project = find_managed_project(cloud, entry["project_id"])
    if project:
        cloud.mark_project(project, marks.mark(*whose(entry)))


def _grant(cloud: Connection, entry: Entry, _: Wanted) -> None:
    user, project = find_user_and_project(cloud, entry.get("user_id"), entry.get("project_id"))
    if project:
        ensure_grants(cloud, look_up_grants(cloud), project, user)


def _replace_admin(cloud: Connection, entry: Entry, wanted: Wanted) -> None:
    """Grants what stands in place of admin, then revokes admin, on each project of Concertim's where it is held."""
    user_id, own = entry["user_id"], [entry["project_id"]] if ADMIN in own_roles(entry) else []
    teams = [
        one["scope"].removeprefix("project ")
        for one in entry.get("elsewhere", ())
        if one["managed"] and one["role"] == ADMIN
    ]
    for project_id, roles in [
        *((one, wanted.of_user) for one in own),
        *((one, (settings.current().team_roles.admin,)) for one in teams),
    ]:
        if ADMIN in roles:
            continue
        find_user_and_project(cloud, user_id, project_id)
        admin, *ids = prepared_ids(cloud, [ADMIN, *roles])
        in_parallel([partial(cloud.grant, one, user_id, project_id) for one in ids])
        cloud.revoke(admin, user_id, project_id)


def _remove_user(cloud: Connection, entry: Entry, _: Wanted) -> None:
    user = find_managed_user(cloud, entry["user_id"])
    if user:
        take_back(cloud, user)


def _remove_project(cloud: Connection, entry: Entry, _: Wanted) -> None:
    project, domain_id = find_managed_project(cloud, entry["project_id"]), domains.user_domain_id(cloud)
    # A sign-up that has begun meanwhile has made its user first.
    users = [one for name in possible_names(marks.USER, entry["login"]) for one in cloud.find_users(name, domain_id)]
    if project and not users:
        cloud.delete_project(project.id)


DO: Mapping[Action, Callable[[Connection, Entry, Wanted], None]] = {
    Action.MARK_USER: _mark_user,
    Action.MARK_PROJECT: _mark_project,
    Action.GRANT: _grant,
    Action.REPLACE_ADMIN: _replace_admin,
    Action.REMOVE_USER: _remove_user,
    Action.REMOVE_PROJECT: _remove_project,
}
