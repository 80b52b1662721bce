"""A site: a Keystone, the settings of the service there, and what a test needs to see of both."""

import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from keystoneauth1.exceptions import NotFound, Unauthorized

from functions.create_user_project import create_user_project
from lib.endpoint import Answer
from tests.support.answers import signed_up
from tests.support.keystone import Keystone

# The first two satisfy the rules of every row. The third is too long or too simple for those that have rules.
PASSWORD, NEW_PASSWORD, WEAK_PASSWORD = "correct-horse-1", "battery-staple-2", "x1" * 40


@dataclass
class Site:
    """A Keystone and the settings of the service there."""

    cloud: Keystone
    settings: dict[str, Any] = field(default_factory=dict)
    domain_name: str = "Default"
    """The domain of the accounts that an operator prepares."""
    halfway: Callable[["Site"], None] = lambda _: None
    """What happens to the cloud after the first columns."""
    apply: Callable[[str], Any] = str
    """Puts the settings in force, which are given as the text of a config.yaml."""

    def put(self, **more: Any) -> None:
        """Puts the settings in force, with `more` for a moment."""
        self.apply(json.dumps({"user_handler": self.settings | more}))

    def domain_id(self, setting: str) -> str:
        """Returns the id of the domain that this setting names, else of that of the accounts."""
        return str(self.cloud.admin.domains.list(name=self.settings.get(setting, self.domain_name))[0].id)

    def sign_up(self, login: str = "", password: str = PASSWORD, **more: Any) -> dict[str, Any]:
        """Returns a sign-up with cloud_env in form E1; `more` replaces or adds fields."""
        person = {"username": login or new_login(), "password": password}
        return {"cloud_env": self.cloud.cloud_env(), **person} | more

    def person(self) -> tuple[str, Answer]:
        """Signs somebody up, and returns the login with the answer."""
        request = self.sign_up()
        return request["username"], create_user_project(request)

    def user(self, login: str) -> Any:
        """Returns the only user of this login."""
        [user] = self.cloud.admin.users.list(name=f"concertim_{login}", domain=self.domain_id("user_domain"))
        return user

    def project(self, login: str) -> Any:
        """Returns the only project of this login."""
        name = f"concertim_{login}_project"
        [project] = self.cloud.admin.projects.list(name=name, domain=self.domain_id("project_domain"))
        return project

    def account(self, name: str) -> str:
        """Returns the id of an account that an operator has prepared."""
        return str(self.cloud.admin.users.list(name=name, domain=self.domain_id(""))[0].id)

    def complete(self, login: str, password: str = PASSWORD) -> Answer:
        """Returns the only true answer to a finished sign-up; asserts that Keystone has all of it, and nothing more."""
        user, project = self.user(login), self.project(login)
        assert (user.concertim_name, project.concertim_name) == (login, login)
        assert user.default_project_id == project.id
        held = {(role, user.id) for role in self.roles_of(user.id)}
        held |= {(one.role["id"], one.user["id"]) for one in self.cloud.admin.role_assignments.list(project=project.id)}
        concertim, own = self.account("concertim"), self.cloud.cloud_env_by_ids()["user_id"]
        member, watcher, admin = map(self.role, ("member", "watcher", "admin"))
        assert held == {(member, user.id), (member, concertim), (watcher, concertim), (admin, own)}
        assert self.opens(user.id, password, project_id=project.id)
        return signed_up(login, user.id, project.id)

    def role(self, name: str) -> str:
        """Returns the id of this role."""
        return str(self.cloud.admin.roles.list(name=name)[0].id)

    def roles_of(self, user_id: str) -> list[str]:
        """Returns the ids of the roles that the user holds anywhere."""
        return [one.role["id"] for one in self.cloud.admin.role_assignments.list(user=user_id)]

    def opens(self, user_id: str, password: str, **scope: Any) -> bool:
        """Returns whether the password logs in as the user."""
        credentials = {"user_id": user_id, "password": password, **(scope or {"unscoped": True})}
        with suppress(Unauthorized):
            return bool(self.cloud.client(**credentials).session.get_token())
        return False


def new_login() -> str:
    """Returns a login that nobody has used."""
    return f"ann-{uuid.uuid4().hex[:12]}"


def exists(manager: Any, known_id: str) -> bool:
    """Returns whether the Keystone has this user or project."""
    with suppress(NotFound):
        return bool(manager.get(known_id))
    return False
