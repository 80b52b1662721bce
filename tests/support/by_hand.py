"""Makes users and projects as the older service, an operator, or a sign-up that was stopped has left them."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.keystone import Keystone

OLD = 24
PASSWORD = "correct-horse"


def mark(kind: str, name: str, hours: float = OLD) -> dict[str, Any]:
    """Returns Concertim's mark, from so many hours ago."""
    created = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")
    about = {"concertim_kind": kind, "concertim_name": name, "concertim_created": created}
    return about | {"concertim_request": f"req-{uuid.uuid4()}"}


class ByHand:
    """Makes things in the default domain of a Keystone, and returns their ids."""

    def __init__(self, cloud: Keystone) -> None:
        self.admin = cloud.admin
        # By name, as a Keystone may cut the list of all.
        names = ("admin", "manager", "member", "reader", "watcher")
        self.roles = {one: cloud.admin.roles.list(name=one)[0].id for one in names}
        [concertim] = cloud.admin.users.list(name="concertim", domain="default")
        own = str(cloud.admin.session.get_user_id())
        self.accounts = [("watcher", concertim.id), ("member", concertim.id), ("admin", own)]

    def user(self, name: str, **more: Any) -> str:
        """Makes a user who can log in."""
        return str(self.admin.users.create(name, **{"domain": "default", "password": PASSWORD} | more).id)

    def project(self, name: str, accounts: Iterable[tuple[str, str]] | None = None, **more: Any) -> str:
        """Makes a project, on which the operators' accounts get the roles that they should have, or these."""
        made = str(self.admin.projects.create(name, **{"domain": "default"} | more).id)
        for role, account in self.accounts if accounts is None else accounts:
            self.grant(role, account, made)
        return made

    def grant(self, role: str, user: str, project: str) -> None:
        """Grants the user this role on the project."""
        self.admin.roles.grant(self.roles[role], user=user, project=project)

    def person(self, login: str, *roles: str, hours: float = OLD) -> tuple[str, str]:
        """Makes a user and a project with marks. The user gets these roles on the project, or `member`."""
        project = self.project(f"concertim_{login}_project", tags=["concertim"], **mark("project", login, hours))
        user = self.user(f"concertim_{login}", default_project=project, **mark("user", login, hours))
        for role in roles or ("member",):
            self.grant(role, user, project)
        return user, project

    def older(self, login: str, *roles: str, prefix: str = "concertim_", suffix: str = "_project") -> tuple[str, str]:
        """Makes a user and a project as the older service did, without marks. The user gets these roles, or `admin`."""
        project = self.project(f"{prefix}{login}{suffix}")
        user = self.user(f"{prefix}{login}")
        for role in roles or ("admin",):
            self.grant(role, user, project)
        return user, project
