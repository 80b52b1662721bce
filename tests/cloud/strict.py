"""What an operator does to a Keystone with strict options, and to people in it, over the API that `openstack` uses."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keystoneauth1.exceptions import Unauthorized

from lib.errors import Answer
from tests.support.keystone import Keystone
from tests.support.proxy import Proxy

PASSWORD = "correct-horse"
# Else a password that an operator has set is good for nothing but to be changed.
USABLE = {"ignore_change_password_upon_first_use": True}
SECOND_FACTOR = {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": [["password", "totp"]]}


@dataclass(frozen=True)
class Strict:
    """The Keystone, and the file with what its policy has beyond the defaults."""

    cloud: Keystone
    policy: Path

    @contextmanager
    def forbidding(self, rule: str) -> Iterator[None]:
        """Its policy lets nobody do this. Keystone reads the file anew when it has changed."""
        self.policy.write_text(json.dumps({rule: "!"}))
        try:
            yield
        finally:
            self.policy.write_text("{}")

    def set_user(self, user_id: str, **changes: Any) -> None:
        """What `openstack user set` sends; and waits, as a token of the same second is taken for one from before."""
        self.cloud.admin.users.update(user_id, **changes)
        time.sleep(1.05 - time.time() % 1)

    def lock(self, user_id: str) -> None:
        """Logs in with wrong passwords, as often as the option has it."""
        for _ in range(2):
            with suppress(Unauthorized):
                self.cloud.client(user_id=user_id, password="wrong", unscoped=True).session.get_token()

    def operator(self, **options: Any) -> tuple[str, dict[str, dict[str, Any]]]:
        """The id of a new account with the role admin on a project of its own; and the forms of cloud_env with it."""
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
    """Of the user and the project in the answer to a sign-up that succeeded."""
    status, body = answer
    assert status == 201
    assert isinstance(body, dict)
    return body["user_id"], body["project_id"]


def through(front: Proxy, env: dict[str, Any]) -> dict[str, Any]:
    """The cloud environment with the URL of the proxy."""
    return env | {"auth_url": front.auth_url}
