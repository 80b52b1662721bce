"""Whether the roles of the settings can be revoked and granted by the account in cloud_env."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from lib.answer.operations import CheckItem
from lib.call.concurrency import in_parallel
from lib.errors import Problem
from lib.keystone import domains
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import NotListed, PolicyForbids
from lib.keystone.client.resources import as_project
from lib.operations.check.items import failed, not_checked, ok, problem, seen, unknown
from lib.operations.check.prepared import roles_in_settings
from lib.operations.check.rights import COMPARE, Rights, because_of_marks, why_not


def granting() -> CheckItem:
    """Returns that nothing shows whether roles can be granted."""
    return unknown(
        "grant_roles",
        "Only to grant a role shows whether cloud_env's account may do so.",
        "Look at the rule identity:create_grant in Keystone's policy; without the rule, the role admin may.",
    )


def revoking(cloud: Connection, rights: Rights) -> list[CheckItem]:
    """Returns whether roles can be revoked, by revoking each from a user who does not exist."""
    return [_revoking(cloud, rights)]


def _revoking(cloud: Connection, rights: Rights) -> CheckItem:
    roles = {name: role_id for name in roles_in_settings() if (role_id := _find(cloud, name))}
    if not roles:
        return not_checked(["revoke_roles"], "roles")[0]
    own = cloud.identity.project_id
    project = own if rights.is_admin else _find_marked_project(cloud) or own
    steps = [partial(why_not, partial(cloud.probes.revoke, role_id, project)) for role_id in roles.values()]
    outcomes = dict(zip(roles, in_parallel(steps), strict=True))
    others = [why for why in outcomes.values() if why and not isinstance(why, PolicyForbids)]
    if others:
        return failed("revoke_roles", others[0])
    refused = ", ".join(name for name, why in outcomes.items() if why)
    if not refused:
        return ok("revoke_roles", "Keystone's policy lets cloud_env's account revoke all roles of the settings.")
    if project == own and rights.may_go_by_marks():
        return unknown("revoke_roles", because_of_marks("revoke roles"), COMPARE)
    told = f"Keystone's policy does not let cloud_env's account revoke roles (rule identity:revoke_grant): {refused}."
    return problem("revoke_roles", told, _remedy(rights, len(roles) > refused.count(",") + 1))


def _remedy(rights: Rights, some: bool) -> str:
    if some and not rights.is_admin:
        return "Name other roles in the settings (cloud_env_roles, for instance), or allow these in Keystone's policy."
    return rights.remedy("revoke_grant")


def _find(cloud: Connection, name: str) -> str | None:
    try:
        return cloud.ids.role(name)
    except NotListed:
        return None


def _find_marked_project(cloud: Connection) -> str | None:
    """Returns the id of a project that carries Concertim's mark. A list by tag with a limit would lack some."""

    def keep(row: Mapping[str, Any]) -> str | None:
        return as_project(row).id if marks.mark_in(row) else None

    listed = seen(lambda: cloud.lists.projects(domains.project_domain_id(cloud), keep))
    return next(iter(listed.rows), None) if not isinstance(listed, Problem) else None
