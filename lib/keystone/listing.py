"""Lists the users and projects that Concertim manages, and the roles that are held by or on them."""

from collections.abc import Callable
from typing import NamedTuple

from lib.keystone import domains, names
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.lists import Row
from lib.keystone.client.resources import Project, User, as_project, as_user
from lib.keystone.operators import default_projects, is_operators_account

SYSTEM = "system"


class Held(NamedTuple):
    """A role that a user or a group holds somewhere."""

    role_id: str
    holder: str
    """`user` or `group`."""
    holder_id: str
    scope: str
    """`project`, `domain` or `system`."""
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
        scope = next(iter({"project", "domain", SYSTEM} & row["scope"].keys()))
        scope_id = str(row["scope"][scope].get("id", "all"))
        note(Held(str(row["role"]["id"]), holder, str(row[holder]["id"]), scope, scope_id))

    return cloud.lists.role_assignments(take).complete


def role_names(cloud: Connection) -> dict[str, str]:
    """Returns the names of the global roles by their ids. Of more than a thousand roles, Keystone lists the first."""
    return dict(cloud.lists.roles(lambda row: (str(row["id"]), str(row["name"]))).rows)


def _may_be_managed(row: Row, *kinds: str) -> bool:
    mark = marks.mark_in(row)
    if mark:
        return mark[0] in kinds
    return any(names.legacy_owners(kind, str(row["name"])) for kind in kinds)
