"""The account in cloud_env: how it logs in, what may be told of it, and who its token says that it is."""

from collections.abc import Iterator
from typing import Any

from keystoneauth1.access import AccessInfo
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from lib.keystone.resources import Identity, as_identity
from lib.masking import shown
from lib.models import CloudEnv


class _LogIn(v3.Password):
    """A log-in by password, whose token several threads may find refused at the same time."""

    refused: AccessInfo | None = None
    """The token that was refused last."""

    def invalidate(self) -> bool:
        """Forgets the token; then keystoneauth logs in anew, if no other thread has, and asks once more.

        keystoneauth's own has only the first thread ask once more: the others would be told of the old token.
        """
        self.refused = self.auth_ref or self.refused
        super().invalidate()
        return True


class Account:
    """An account with its password, and with its token once it has logged in; shared by threads."""

    def __init__(self, cloud_env: CloudEnv) -> None:
        # Without the catalog: Keystone is always called at the URL that the request names.
        self.auth = _LogIn(cloud_env.auth_url, include_catalog=False, **_credentials(cloud_env))
        self._sent = (
            _named("user", cloud_env.user_id, cloud_env.username, cloud_env.user_domain_name),
            _named("project", cloud_env.project_id, cloud_env.project_name, cloud_env.project_domain_name),
        )

    @property
    def sent(self) -> str:
        """Which user and project cloud_env names, for messages."""
        # Whoever filled in the form may have put a password into a wrong field.
        return shown(", ".join(self._sent))

    def identity(self, session: Session) -> Identity:
        """Who the token in force says that this is; logs in first where there is none."""
        return as_identity(self.auth.get_access(session))

    def is_admin(self) -> bool:
        """Whether the token in force has the role admin, which is the cloud administrator of a stock Keystone."""
        token = self.auth.auth_ref
        return token is not None and "admin" in (token.role_names or ())

    def ids(self) -> Iterator[str]:
        """The ids of all that the token stands on: if one of them goes, no call succeeds."""
        token = self.auth.auth_ref or self.auth.refused
        if token is not None:
            yield from map(
                str, (token.user_id, token.user_domain_id, token.project_id or "", token.project_domain_id or "")
            )


def domain_id_of_default(domain_name: str | None) -> str | None:
    """The id `default` for either spelling of that domain in Concertim's samples; bootstrap names it `Default`."""
    return "default" if domain_name in ("default", "Default") else None


def _named(kind: str, known_id: str | None, name: str | None, domain_name: str | None) -> str:
    if known_id:
        return f"{kind} id {known_id}"
    domain_id = domain_id_of_default(domain_name)
    return f"{kind} {name} of domain {f'id {domain_id}' if domain_id else domain_name}"


def _credentials(cloud_env: CloudEnv) -> dict[str, Any]:
    user: dict[str, Any] = {"user_id": cloud_env.user_id}
    if not cloud_env.user_id:
        user = {"username": cloud_env.username, **_domain("user", cloud_env.user_domain_name)}
    project: dict[str, Any] = {"project_id": cloud_env.project_id}
    if not cloud_env.project_id:
        project = {"project_name": cloud_env.project_name, **_domain("project", cloud_env.project_domain_name)}
    return {"password": cloud_env.password.get_secret_value(), **user, **project}


def _domain(part: str, name: str | None) -> dict[str, Any]:
    known_id = domain_id_of_default(name)
    return {f"{part}_domain_id": known_id} if known_id else {f"{part}_domain_name": name}
