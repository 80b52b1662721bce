"""Lists everything that a Keystone holds, so that a test can see what a sign-up has changed."""

from dataclasses import dataclass
from typing import Any

from keystoneclient.v3.client import Client

from lib.endpoint import Answer
from tests.support.answers import signed_up
from tests.support.keystone import Keystone


@dataclass(frozen=True)
class Census:
    """The users and projects by id, and which role a user or group holds where, all by id."""

    users: dict[str, dict[str, Any]]
    projects: dict[str, dict[str, Any]]
    grants: frozenset[tuple[str, str, str]]

    def without(self, login: str) -> "Census":
        """Returns everything that is not marked for this login."""
        users = {key: user for key, user in self.users.items() if user.get("concertim_name") != login}
        projects = {key: one for key, one in self.projects.items() if one.get("concertim_name") != login}
        ours = (self.users.keys() - users.keys()) | (self.projects.keys() - projects.keys())
        return Census(users, projects, frozenset(one for one in self.grants if not ours & {one[1], one[2]}))

    def of(self, login: str) -> "Census":
        """Returns what is marked for this login."""
        others = self.without(login)
        users = {key: user for key, user in self.users.items() if key not in others.users}
        projects = {key: project for key, project in self.projects.items() if key not in others.projects}
        return Census(users, projects, self.grants - others.grants)


def census(admin: Client) -> Census:
    """Returns what the Keystone holds now."""
    grants = set()
    for one in (assignment.to_dict() for assignment in admin.role_assignments.list()):
        scope = one["scope"].get("project", one["scope"].get("domain", {})).get("id", "")
        grants.add((one["role"]["id"], one.get("user", one.get("group"))["id"], scope))
    return Census(
        {user.id: user.to_dict() for user in admin.users.list()},
        {project.id: project.to_dict() for project in admin.projects.list()},
        frozenset(grants),
    )


def clear(admin: Client, *logins: str) -> None:
    """Removes what is marked for these logins."""
    for manager in (admin.users, admin.projects):
        for one in manager.list():
            if one.to_dict().get("concertim_name") in logins:
                manager.delete(one.id)


def finished(cloud: Keystone, login: str, password: str = "correct-horse", now: Census | None = None) -> Answer:
    """Returns the only true answer to a finished sign-up.

    Asserts that there is one user and one project, that both are complete, and that the password opens them.
    """
    status, body = complete(cloud, login, now)
    assert isinstance(body, dict)
    cloud.client(user_id=body["user_id"], password=password, project_id=body["project_id"]).session.get_token()
    return status, body


def complete(cloud: Keystone, login: str, now: Census | None = None) -> Answer:
    """Returns what `finished` does, and asserts the same, but does not try the password, as Keystone takes its time."""
    now = now or census(cloud.admin)
    ours = now.of(login)
    [user], [project] = ours.users.values(), ours.projects.values()
    assert (user["name"], project["name"]) == (f"concertim_{login}", f"concertim_{login}_project")
    assert user["default_project_id"] == project["id"]
    accounts = {one["name"]: one["id"] for one in now.users.values() if one["domain_id"] == "default"}
    roles = {role.name: role.id for role in cloud.admin.roles.list()}
    assert ours.grants == {
        (roles[role], accounts[account], project["id"])
        for role, account in [
            ("member", f"concertim_{login}"),
            ("watcher", "concertim"),
            ("member", "concertim"),
            ("admin", "admin"),
        ]
    }
    return signed_up(login, user["id"], project["id"])
