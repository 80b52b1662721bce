"""An account that has logged in to a Keystone: its client, who its token says that it is, and what its errors mean."""

from typing import Any

from keystoneauth1 import exceptions as ksa
from keystoneauth1.identity import v3

from lib.call.concurrency import both
from lib.errors import Problem
from lib.keystone.client import errors
from lib.keystone.client.account import Account
from lib.keystone.client.diagnosis import diagnosed
from lib.keystone.client.resources import Identity, LogInRefused, as_identity
from lib.keystone.client.retry import asks
from lib.keystone.client.session import open_session
from lib.request.model import CloudEnv


class LogIn:
    """The account in a cloud_env, logged in. Threads share it."""

    def __init__(self, cloud_env: CloudEnv) -> None:
        self._auth_url = cloud_env.auth_url
        self._account = Account(cloud_env)
        self._session = open_session(self._account)
        try:
            # The first time, this loads the client while Keystone checks the password: a tenth of a second each.
            client_of, _ = both(load_client, self.identity)
        except Problem as why:
            raise diagnosed(why, cloud_env.auth_url) from None
        self.client = client_of(session=self._session, endpoint_override=cloud_env.auth_url)

    @asks("log in")
    def identity(self) -> Identity:
        """Returns who the token in force says that the account is. Its account may be a new one of the old name."""
        return as_identity(self._account.auth.get_access(self._session))

    # Tried once: a refusal counts towards Keystone's lock-out, even where something else came in place of it.
    @asks("prove the user's password", pauses=())
    def prove_password(self, user_id: str, password: str) -> LogInRefused | None:
        """Logs in as this user. Returns None where the password opens the account."""
        log_in = v3.Password(self._auth_url, password, user_id=user_id, unscoped=True, include_catalog=False)
        try:
            log_in.get_access(self._session)
        except (ksa.Unauthorized, ksa.Forbidden, ksa.NotFound, ksa.MissingAuthMethods) as error:
            said = errors.text_of(error)
            says = "" if said == errors.UNAUTHORIZED else said
            return LogInRefused(says, isinstance(error, ksa.MissingAuthMethods), errors.request_id_of(error))
        return None

    def problem_of(self, error: Exception, step: str) -> Problem:
        """Returns the problem that an exception of the Keystone libraries means."""
        return errors.problem_of(error, step, self._account)


def load_client() -> Any:
    """Returns the class of keystoneclient, whose import takes as long as that of all other modules here."""
    from keystoneclient.v3.client import Client

    return Client
