"""An account that has logged in to a Keystone: its client, who its token says that it is, and what its errors mean."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from keystoneauth1 import exceptions as ksa
from keystoneauth1.identity import v3

from lib.call.concurrency import both
from lib.errors import Problem
from lib.keystone.client import default_domain, errors
from lib.keystone.client.account import Account
from lib.keystone.client.diagnosis import diagnosed
from lib.keystone.client.problems import NotAuthenticated
from lib.keystone.client.resources import Identity, LogInRefused, as_identity
from lib.keystone.client.retry import asks
from lib.keystone.client.session import open_session
from lib.request.model import CloudEnv


class LogIn:
    """The account in a cloud_env, logged in. Threads share it."""

    def __init__(self, cloud_env: CloudEnv) -> None:
        self._auth_url = cloud_env.auth_url
        try:
            # The first time, this loads the client while Keystone checks the password: a tenth of a second each.
            client_of, _ = both(load_client, partial(self._log_in, cloud_env))
        except Problem as why:
            raise diagnosed(why, cloud_env.auth_url) from None
        self.client = client_of(session=self._session, endpoint_override=cloud_env.auth_url)

    def _log_in(self, cloud_env: CloudEnv) -> None:
        """Logs in for the first time. Where Keystone refuses without a reason, tries the next way to name the domains.

        Keystone does not tell a stranger which domains there are. So a wrong password is tried in each of the ways.
        """
        *others, last = default_domain.ways_to_name_domains(cloud_env)
        for way in others:
            with suppress(NotAuthenticated):
                return self._log_in_as(Account(cloud_env, way))
        return self._log_in_as(Account(cloud_env, last))

    def _log_in_as(self, account: Account) -> None:
        self._account, self._session = account, open_session(account)
        self.identity()

    @asks("log in")
    def identity(self) -> Identity:
        """Returns who the token in force says that the account is. Its account may be a new one of the old name."""
        return as_identity(self._account.auth.get_access(self._session))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Sends one call, and returns the JSON that it is answered with, if any."""
        more: Any = {"endpoint_override": self._auth_url, "headers": {"Accept": "application/json"}}
        answer = self._session.request(path, method, json=body, **more)
        return answer.json() if answer.content else None

    def is_admin(self) -> bool:
        """Whether the token has the role admin."""
        return self._account.is_admin()

    @asks("tell when it issued the token")
    def issued(self) -> datetime:
        """Returns when Keystone has issued the token in force, by its own clock and in whole seconds."""
        when: Any = self._account.auth.get_access(self._session).issued
        return cast(datetime, when.astimezone(UTC))

    def get(self, path: str, **more: Any) -> None:
        """Reads what is at this path. `take` gets it in pieces."""
        self._session.get(path, endpoint_override=self._auth_url, headers={"Accept": "application/json"}, **more)

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
