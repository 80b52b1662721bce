"""What Concertim's other services see of a cloud, by the rules by which each release of them looks for projects."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.keystone import Keystone, keystone

# The letters that services of v1.2 and later look for.
SIGN = "CM_"


@contextmanager
def rated_keystone() -> Iterator[Keystone]:
    """Runs a Keystone on which costs are rated, as releases with billing expect."""
    with keystone() as running:
        running.admin.roles.create("rating")
        running.admin.users.create("cloudkitty", domain="default", password="cloudkitty-password")
        yield running


def seen_to_v1_1(cloud: Keystone) -> set[str]:
    """Returns the ids of the projects that services of v0.1.2 to v1.1 show: `concertim` itself is watcher there."""
    held = cloud.admin.role_assignments.list(user=_user(cloud, "concertim"), role=_role(cloud, "watcher"))
    return {one.scope["project"]["id"] for one in held}


def seen_from_v1_2(cloud: Keystone, creator_id: str) -> set[str]:
    """Returns the ids of the projects of which services of v1.2 and later show the clusters of this user.

    The project has the sign in its name, and whoever made the cluster there has it in theirs.
    """
    if SIGN not in cloud.admin.users.get(creator_id).name:
        return set()
    held = cloud.admin.role_assignments.list(user=creator_id)
    projects = [cloud.admin.projects.get(one.scope["project"]["id"]) for one in held]
    return {one.id for one in projects if SIGN in one.name}


def roles_on(cloud: Keystone, project_id: str) -> set[tuple[str, str]]:
    """Returns each (account, role) that is granted on the project, by names."""
    roles = {one.id: one.name for one in cloud.admin.roles.list()}
    held = cloud.admin.role_assignments.list(project=project_id)
    return {(cloud.admin.users.get(one.user["id"]).name, roles[one.role["id"]]) for one in held}


def _user(cloud: Keystone, name: str) -> Any:
    return cloud.admin.users.list(name=name, domain="default")[0]


def _role(cloud: Keystone, name: str) -> Any:
    return cloud.admin.roles.list(name=name)[0]
