"""The keystoneauth session behind a connection: who logs in, and which 404 means that something was removed."""

from http import HTTPStatus
from typing import Any

import requests
import urllib3
from keystoneauth1.session import Session
from urllib3.exceptions import InsecureRequestWarning

from lib import call, settings
from lib.call.masking import shown, shown_name
from lib.errors import CloudEnvRefused
from lib.keystone.client import answers
from lib.keystone.client.account import Account
from lib.keystone.client.errors import LONGEST_REQUEST_ID, REQUEST_ID
from lib.keystone.client.transport import transport, verified_with


class _Direct(requests.Session):
    """Hands calls to the transport as they are.

    It uses no proxy, .netrc or certificates of the environment, as the request alone says what to connect to, and no
    cookies or redirects. To look for all these would take as long as the rest of what requests does for a call.
    """

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    def request(self, method: Any, url: Any, *_: Any, **kwargs: Any) -> requests.Response:
        """Sends one call. Of the methods of requests, keystoneauth uses this one only."""
        asked = requests.Request(method, url, kwargs["headers"], data=kwargs.get("data"), params=kwargs.get("params"))
        answer = transport().send(asked.prepare(), verify=kwargs["verify"], take=kwargs.get("take"))
        token = answer.request.headers.get("X-Auth-Token")
        # Keystone looks for a conflict only when the policy allows the change.
        if token and method != "GET" and (answer.ok or answer.status_code == HTTPStatus.CONFLICT):
            self._account.may_change_something = True
        if answer.status_code == HTTPStatus.NOT_FOUND and token:
            self._check_not_found(answer, fresh=token in call.current().fresh_tokens)
        return answer

    def _check_not_found(self, answer: requests.Response, *, fresh: bool) -> None:
        """A 404 means that what was asked about does not exist only if it names that. Else our token is the cause.

        Keystone answers 404 to every call once the account, the project or a domain of the token is removed or
        disabled. The status is then made a 401, upon which keystoneauth logs in again and asks once more. Raises
        CloudEnvRefused where that was done already.
        """
        said = answers.sentence_of(answer)
        names_asked = answers.names_any(said, answers.ids_of(answer.request))
        if names_asked and (fresh or not answers.names_any(said, self._account.ids())):
            return
        if not fresh:
            answer.status_code = HTTPStatus.UNAUTHORIZED
            return
        raise CloudEnvRefused(
            f"Keystone lets cloud_env's account ({self._account.sent}) log in and refuses its token: {shown(said)}",
            keystone_request_id=shown_name(answer.headers.get(REQUEST_ID, ""))[:LONGEST_REQUEST_ID],
        )


def open_session(account: Account) -> Session:
    """Returns a session that logs in on its first call, and again by itself when the token expires."""
    ours = settings.current()
    if ours.insecure:
        # startup.py has warned of it.
        urllib3.disable_warnings(InsecureRequestWarning)
    return Session(
        auth=account.auth,
        session=_Direct(account),
        verify=verified_with(),
        redirect=False,
        app_name="UserHandler",
    )
