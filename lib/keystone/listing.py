"""Lists the users and projects that Concertim manages, and the roles that are held by or on them."""

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from lib import settings
from lib.keystone import domains, names
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.lists import Row
from lib.keystone.client.problems import KeystoneNotFound
from lib.keystone.client.resources import Project, User, as_project, as_user
from lib.keystone.operators import default_projects, is_operators_account

ADMIN = "admin"
INHERITED = "inherited from "


class Held(NamedTuple):
    """A role that a user or a group holds somewhere."""

    role_id: str
    holder: str
    """`user` or `group`."""
    holder_id: str
    scope: str
    """`project`, `domain` or `system`. `inherited from project`, where it is held on the projects below that one, and
    `inherited from domain`."""
    scope_id: str


def read_managed_users(cloud: Connection, note: Callable[[User], None]) -> bool:
    """Notes every user whom Concertim manages, by mark or by legacy name, without the operators' accounts.

    Returns whether Keystone has listed all. There may be very many, so they are not kept. After a failure that passes,
    a user may be noted once more. The same holds for the other functions here.
    """
    domain_id = domains.user_domain_id(cloud)

    def take(row: Row) -> None:
        if row["domain_id"] == domain_id and _may_be_managed(row, marks.USER):
            user = as_user(row)
            if not is_operators_account(cloud, user):
                note(user)

    return cloud.lists.users(domain_id, take).complete


def read_managed_projects(cloud: Connection, note: Callable[[Project], None]) -> bool:
    """Notes every project that Concertim manages, by mark or by legacy name, without the operators' projects."""
    domain_id, own = domains.project_domain_id(cloud), cloud.identity.project_id
    default = default_projects(cloud)

    def take(row: Row) -> None:
        if row["domain_id"] == domain_id and _may_be_managed(row, marks.PROJECT, marks.TEAM):
            project = as_project(row)
            if project.id != own and (project.mark or project.id not in default):
                note(project)

    return cloud.lists.projects(domain_id, take).complete


def read_roles_held(cloud: Connection, note: Callable[[Held], None]) -> bool:
    """Notes every role that anybody holds anywhere. One that somebody holds as a member of a group is the group's."""

    def take(row: Row) -> None:
        holder = "user" if "user" in row else "group"
        [scope] = {"project", "domain", "system"} & row["scope"].keys()
        scope_id = str(row["scope"][scope].get("id", "all"))
        how = INHERITED if "OS-INHERIT:inherited_to" in row["scope"] else ""
        note(Held(str(row["role"]["id"]), holder, str(row[holder]["id"]), f"{how}{scope}", scope_id))

    return cloud.lists.role_assignments(take).complete


def read_members(cloud: Connection, group_id: str, note: Callable[[str], None]) -> bool:
    """Notes the id of every user in this group. A group that exists no more, as in a directory, has none."""
    with suppress(KeystoneNotFound):
        return cloud.lists.members(group_id, lambda row: note(str(row["id"]))).complete
    return True


def role_names(cloud: Connection) -> dict[str, str]:
    """Returns the names of the global roles by their ids.

    Of more than a thousand roles, Keystone lists the first. Those that matter are then looked up by name.
    """
    listed = cloud.lists.roles(lambda row: (str(row["id"]), str(row["name"])))
    named = dict(listed.rows)
    for name in () if listed.complete else _roles_that_matter():
        # What the settings name is missed where it is needed.
        with suppress(KeystoneNotFound):
            named[cloud.ids.role(name)] = name
    return named


def _roles_that_matter() -> set[str]:
    ours = settings.current()
    of_accounts = (role for one in ours.standing_grants for role in one.roles)
    return {ADMIN, *ours.user_roles, *ours.cloud_env_roles, *of_accounts}


def _may_be_managed(row: Row, *kinds: str) -> bool:
    mark = marks.mark_in(row)
    if mark:
        return mark[0] in kinds
    return any(names.legacy_owners(kind, str(row["name"])) for kind in kinds)
