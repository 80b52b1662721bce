"""Actions of an operator on a Keystone with strict options, over the API that the `openstack` command uses."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keystoneauth1.exceptions import Unauthorized

from lib.endpoint import Answer
from tests.support.keystone import Keystone
from tests.support.proxy import Proxy

PASSWORD = "correct-horse"
# Without this option, a password that an operator has set can be used for nothing but to change it.
USABLE = {"ignore_change_password_upon_first_use": True}
SECOND_FACTOR = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": [["password", "totp"]]}


@dataclass(frozen=True)
class Strict:
    """A Keystone with strict options, and the file that holds its policy beyond the defaults."""

    cloud: Keystone
    policy: Path

    @contextmanager
    def forbidding(self, rule: str) -> Iterator[None]:
        """Forbids this rule to everybody for as long as the context lasts.

        Keystone reads a policy file again when it changes.
        """
        self.policy.write_text(json.dumps({rule: "!"}))
        try:
            yield
        finally:
            self.policy.write_text("{}")

    def set_user(self, user_id: str, **changes: Any) -> None:
        """Changes the user as `openstack user set` does, and waits for the next second.

        Keystone takes a token of the same second for one that it has revoked.
        """
        self.cloud.admin.users.update(user_id, **changes)
        time.sleep(1.05 - time.time() % 1)

    def lock(self, user_id: str) -> None:
        """Locks the user out by as many log-ins with a wrong password as the option allows."""
        for _ in range(2):
            with suppress(Unauthorized):
                self.cloud.client(user_id=user_id, password="wrong", unscoped=True).session.get_token()

    def operator(self, **options: Any) -> tuple[str, dict[str, dict[str, Any]]]:
        """Makes an account with the role admin on a project of its own.

        Returns the account's id, and each form of cloud_env that names the account.
        """
        admin, name = self.cloud.admin, f"operator-{uuid.uuid4().hex[:12]}"
        user = admin.users.create(name, domain="default", password=PASSWORD)
        if options:
            self.set_user(user.id, password=PASSWORD, options=options)
        project = admin.projects.create(f"{name}-project", domain="default")
        admin.roles.grant(admin.roles.list(name="admin")[0].id, user=user.id, project=project.id)
        by_name = {"username": name, "project_name": project.name}
        by_name |= {"user_domain_name": "Default", "project_domain_name": "Default"}
        forms = {"E1": by_name, "E2": {"user_id": user.id, "project_id": project.id}}
        of_all = {"auth_url": self.cloud.auth_url, "password": PASSWORD}
        return user.id, {form: of_all | one for form, one in forms.items()}


def ids_in(answer: Answer) -> tuple[str, str]:
    """Returns the ids of the user and the project from the answer to a successful sign-up."""
    status, body = answer
    assert status == 201
    assert isinstance(body, dict)
    return body["user_id"], body["project_id"]


def through(front: Proxy, env: dict[str, Any]) -> dict[str, Any]:
    """Returns the cloud environment with the URL of the proxy."""
    return env | {"auth_url": front.auth_url}
