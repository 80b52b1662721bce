"""The account in cloud_env: how it logs in, how messages name it, and who its token says that it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from keystoneauth1.access import AccessInfo
from keystoneauth1.identity import v3

from lib.call.masking import shown
from lib.request.model import CloudEnv


class _LogIn(v3.Password):
    """A log-in by password. Several threads may find its token refused at the same time."""

    refused: AccessInfo | None = None
    """The token that Keystone refused last."""

    def invalidate(self) -> bool:
        """Forgets the token. Then keystoneauth logs in again, unless another thread has, and asks once more.

        By keystoneauth's own method, only the first thread asks once more, and the others fail with the old token.
        """
        self.refused = self.auth_ref or self.refused
        super().invalidate()
        return True


class Account:
    """An account with its password, and with its token once it has logged in. Threads share it."""

    may_change_something = False
    """Whether Keystone has let this account change anything."""

    def __init__(self, cloud_env: CloudEnv, domains: Mapping[str, Any]) -> None:
        """Makes the account in cloud_env. `domains` is the way in which a log-in names its domains to Keystone."""
        # The token needs no catalog: Keystone is always called at the URL that the request names.
        self.auth = _LogIn(cloud_env.auth_url, include_catalog=False, **_credentials(cloud_env), **domains)
        self._user = _description(cloud_env.user_id, cloud_env.username, cloud_env.user_domain_name)
        self._project = _description(cloud_env.project_id, cloud_env.project_name, cloud_env.project_domain_name)

    @property
    def sent(self) -> str:
        """The user and the project that cloud_env names, for messages."""
        # Whoever filled in the form may have typed a password into the wrong field.
        return f"user {shown(self._user)}, project {shown(self._project)}"

    def is_admin(self) -> bool:
        """Whether the token in force has the role admin, which makes a cloud administrator on a stock Keystone."""
        token = self.auth.auth_ref
        return token is not None and "admin" in (token.role_names or ())

    def ids(self) -> Iterator[str]:
        """Returns the ids of all that the token depends on: if one of them is removed, no call succeeds."""
        token = self.auth.auth_ref or self.auth.refused
        if token is not None:
            yield from map(
                str, (token.user_id, token.user_domain_id, token.project_id or "", token.project_domain_id or "")
            )


def _description(known_id: str | None, name: str | None, domain_name: str | None) -> str:
    if known_id:
        return f"id {known_id}"
    return f"{name} of domain {domain_name}"


def _credentials(cloud_env: CloudEnv) -> dict[str, Any]:
    user = {"user_id": cloud_env.user_id} if cloud_env.user_id else {"username": cloud_env.username}
    project = {"project_id": cloud_env.project_id} if cloud_env.project_id else {"project_name": cloud_env.project_name}
    return {"password": cloud_env.password.get_secret_value(), **user, **project}
