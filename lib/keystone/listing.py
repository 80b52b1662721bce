"""Lists the users and projects that Concertim manages, and the roles that are held by or on them."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from lib.keystone import domains, names
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.lists import Listing
from lib.keystone.client.resources import Project, User, as_project, as_user
from lib.keystone.operators import default_projects, is_operators_account

SYSTEM = "system"


class Held(NamedTuple):
    """A role that a user or a group holds somewhere."""

    role_id: str
    holder_id: str
    scope: str
    """`project`, `domain` or `system`."""
    scope_id: str
    holder: str = "user"
    """`user` or `group`."""


def managed_users(cloud: Connection) -> Listing[User]:
    """Returns every user whom Concertim manages, by mark or by legacy name, without the operators' accounts."""
    domain_id = domains.user_domain_id(cloud)

    def keep(row: Mapping[str, Any]) -> User | None:
        if row["domain_id"] != domain_id or not _may_be_managed(row, marks.USER):
            return None
        user = as_user(row)
        return None if is_operators_account(cloud, user) else user

    return cloud.lists.users(domain_id, keep)


def managed_projects(cloud: Connection) -> Listing[Project]:
    """Returns every project that Concertim manages, by mark or by legacy name, without the operators' projects."""
    domain_id, own = domains.project_domain_id(cloud), cloud.identity.project_id
    default = default_projects(cloud)

    def keep(row: Mapping[str, Any]) -> Project | None:
        if row["domain_id"] != domain_id or not _may_be_managed(row, marks.PROJECT, marks.TEAM):
            return None
        project = as_project(row)
        return None if project.id == own or (not project.mark and project.id in default) else project

    return cloud.lists.projects(domain_id, keep)


def roles_held(cloud: Connection, users: Collection[str], projects: Collection[str]) -> Listing[Held]:
    """Returns every role that one of these users holds anywhere, or anybody on one of these projects.

    Roles that users hold as members of a group are listed as the group's.
    """
    # The same few ids are in thousands of rows.
    same: dict[str, str] = {}

    def keep(row: Mapping[str, Any]) -> Held | None:
        holder = "user" if "user" in row else "group"
        holder_id = str(row[holder]["id"])
        scope = next(iter({"project", "domain", SYSTEM} & row["scope"].keys()))
        scope_id = str(row["scope"][scope].get("id", "all"))
        if holder_id not in users and scope_id not in projects:
            return None
        ids = [same.setdefault(one, one) for one in (str(row["role"]["id"]), holder_id, scope_id)]
        return Held(ids[0], ids[1], scope, ids[2], holder)

    return cloud.lists.role_assignments(keep)


def role_names(cloud: Connection) -> dict[str, str]:
    """Returns the names of the global roles by their ids. Of more than a thousand roles, Keystone lists the first."""
    return dict(cloud.lists.roles(lambda row: (str(row["id"]), str(row["name"]))).rows)


def _may_be_managed(row: Mapping[str, Any], *kinds: str) -> bool:
    mark = marks.mark_in(row)
    if mark:
        return mark[0] in kinds
    return any(names.legacy_owners(kind, str(row["name"])) for kind in kinds)
