"""What answers at the URL in a cloud_env, looked at before the account has a token for its project."""

import re
from contextlib import suppress
from typing import Any

from keystoneauth1.identity import v3

from lib.errors import NotKeystone, Problem
from lib.keystone.client import default_domain, errors, kept_connections
from lib.keystone.client.account import Account
from lib.keystone.client.diagnosis import diagnosed
from lib.keystone.client.problems import NotAuthenticated
from lib.keystone.client.retry import asks
from lib.keystone.client.session import open_session
from lib.request.model import CloudEnv


class Front:
    """The Keystone that a cloud_env names, and its account, as far as both can be seen without the project."""

    def __init__(self, cloud_env: CloudEnv) -> None:
        self._cloud_env = cloud_env
        self._account = Account(cloud_env, {})
        self._session = open_session(self._account)

    @property
    def account(self) -> str:
        """The user and the project that cloud_env names, for messages."""
        return self._account.sent

    def problem_of(self, error: Exception, step: str) -> Problem:
        """Returns the problem that an exception of the Keystone libraries means."""
        return errors.problem_of(error, step, self._account)

    def version(self) -> str:
        """Returns the version of Keystone's API, such as `v3.14`. Raises a problem that says what is wrong there."""
        try:
            return self._version()
        except Problem as why:
            raise diagnosed(why, self._cloud_env.auth_url) from None

    @asks("tell its version")
    def _version(self) -> str:
        found = self._session.get(self._cloud_env.auth_url, authenticated=False).json()["version"]["id"]
        if not re.fullmatch(r"v3\.\d{1,4}", found):
            raise NotKeystone(errors.NO_KEYSTONE, detail="answered with another version")
        return str(found)

    @asks("answer twice on one connection", pauses=None)
    def closes_connections_silently(self) -> bool:
        """Whether what answers closes a connection after each answer, and does not say so."""
        return kept_connections.are_closed_silently(self._cloud_env.auth_url)

    def prove_account(self) -> None:
        """Logs in without a project, and forgets the token. Raises CloudEnvRefused where Keystone refuses.

        As any log-in does, it tries each of the ways to name the default domain.
        """
        ways = default_domain.ways_to_name_domains(self._cloud_env)
        of_user = [{name: value for name, value in way.items() if name.startswith("user_")} for way in ways]
        *others, last = [way for index, way in enumerate(of_user) if way not in of_user[:index]]
        for way in others:
            with suppress(NotAuthenticated):
                return self._prove_account(way)
        return self._prove_account(last)

    @asks("log in")
    def _prove_account(self, domain: dict[str, Any]) -> None:
        env = self._cloud_env
        user = {"user_id": env.user_id} if env.user_id else {"username": env.username, **domain}
        password = env.password.get_secret_value()
        v3.Password(env.auth_url, password, unscoped=True, include_catalog=False, **user).get_access(self._session)
