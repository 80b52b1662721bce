"""Whether a password opens a person's account; if not, what Keystone says."""

from dataclasses import dataclass

from keystoneauth1 import exceptions as ksa
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from lib.keystone.refusals import UNAUTHORIZED, request_id_of, text_of


@dataclass(frozen=True)
class LogInRefused:
    """Why Keystone does not let a person log in, as far as it says."""

    says: str
    """Keystone's sentence; empty where it does not say why: a wrong password, or a locked account."""
    wants_factor: bool
    keystone_request_id: str


def prove_password(session: Session, auth_url: str, user_id: str, password: str) -> LogInRefused | None:
    """Logs in once; None where the password opens the account."""
    login = v3.Password(auth_url, password, user_id=user_id, unscoped=True, include_catalog=False)
    try:
        login.get_access(session)
    except (ksa.Unauthorized, ksa.Forbidden, ksa.NotFound, ksa.MissingAuthMethods) as error:
        says = "" if text_of(error) == UNAUTHORIZED else text_of(error)
        return LogInRefused(says, isinstance(error, ksa.MissingAuthMethods), request_id_of(error))
    return None
