"""A running Keystone, as its operators and the Concertim UI reach it."""

from pathlib import Path
from typing import Any

from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from keystoneclient.v3.client import Client

ADMIN_PASSWORD = "admin-password"


class Keystone:
    """A running Keystone with a database of its own."""

    def __init__(self, auth_url: str, authority: Path | None = None, **scope: str) -> None:
        """Logs in as the administrator, with a token of the project `admin` unless another scope is given.

        `authority` is a file of certificates to verify the Keystone with.
        """
        self.auth_url = auth_url
        self._verify: str | bool = str(authority) if authority else True
        self.admin = self.client(username="admin", password=ADMIN_PASSWORD, **(scope or {"project_name": "admin"}))

    def cloud_env(self) -> dict[str, Any]:
        """Returns the cloud environment in the form of the July 2023 UI (E1)."""
        return {
            "auth_url": self.auth_url,
            "username": "admin",
            "password": ADMIN_PASSWORD,
            "project_name": "admin",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }

    def cloud_env_by_ids(self) -> dict[str, Any]:
        """Returns the cloud environment in the form of UI v0.2.0 and later (E2)."""
        env = self.cloud_env()
        session = self.client(**{name: value for name, value in env.items() if name != "auth_url"}).session
        access = session.auth.get_access(session)
        ids = {"user_id": access.user_id, "project_id": access.project_id}
        return {name: env[name] for name in ("auth_url", "password")} | ids

    def client(self, **credentials: Any) -> Client:
        """Returns a keystoneclient with these credentials; names without a domain are those of the domain `Default`."""
        for part, name in (("user", "username"), ("project", "project_name")):
            if name in credentials:
                credentials = {f"{part}_domain_name": "Default", **credentials}
        login: Any = v3.Password(self.auth_url, **credentials)
        session = Session(auth=login, timeout=60, verify=self._verify)
        # A uWSGI closes connections without saying so.
        return Client(session=session, endpoint_override=self.auth_url, connect_retries=3)

    def default_domain_id(self) -> str:
        """Returns the id of the domain `Default`, which not every installer calls `default`."""
        return str(self.admin.domains.list(name="Default")[0].id)
