"""The keystoneauth session behind a connection: who logs in where, and what every HTTP call to Keystone carries."""

from http import HTTPStatus
from io import BytesIO
from typing import Any

import requests
import urllib3
from keystoneauth1.session import Session, TCPKeepAliveAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, InsecureRequestWarning

import lib.keystone.answers as answers
import lib.keystone.dialling as dialling
from lib import call, settings
from lib.errors import CloudEnvRefused, NotKeystone
from lib.keystone.account import Account
from lib.keystone.refusals import LONGEST_REQUEST_ID, NO_KEYSTONE, REQUEST_ID
from lib.masking import shown
from lib.once import Once

# Keystone is on this host or beside it; one that takes longer to accept a connection is down.
CONNECT_SECONDS = 5
# The widest wave of Keystone calls by default: four grants and the default project.
CALLS_AT_ONCE = 5
# Whose connections are kept. A site has one, or a few.
KEYSTONES = 32
# Bytes. The longest of Keystone's answers that we ask for, a user's roles, has some hundred for each role.
LONGEST_ANSWER = 4 * 1024 * 1024
# Characters. Those of Fernet, and of JWS, have some hundred.
LONGEST_TOKEN = 8192


class _Transport(TCPKeepAliveAdapter):
    """Gives every call to Keystone, log-ins included, the time that is left and the id of the request it is for."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_connections=KEYSTONES, pool_maxsize=connections)
        self.poolmanager.pool_classes_by_scheme = dialling.POOLS

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        this = call.current()
        left = this.seconds_left()
        this.asked = f"{request.method} {str(request.url).partition('?')[0]}"
        request.headers["X-OpenStack-Request-ID"] = this.request_id
        # A few bytes of a packed answer may be gigabytes.
        request.headers["Accept-Encoding"] = "identity"
        # Streamed, as a time-out bounds the wait for the next byte only.
        limits = {"timeout": (min(CONNECT_SECONDS, left), left), "stream": True}
        with dialling.cut_in_time():
            answer = _read(super().send(request, *args, **{**kwargs, **limits}))
        # What Keystone says later may quote them.
        used, given = request.headers.get("X-Auth-Token"), answer.headers.get("X-Subject-Token")
        this.secrets.update(str(token) for token in (used, given) if token)
        this.tokens_given.update(str(token) for token in (given,) if token)
        answers.check(answer)
        return answer


@Once
def _transport() -> _Transport:
    """The one of this process: whoever calls may use a connection that another's call has left."""
    return _Transport(settings.current().max_concurrent_requests * CALLS_AT_ONCE)


def close_connections() -> None:
    """Lets go of the connections that are kept; new ones are opened when needed."""
    _transport.forget()


class _Direct(requests.Session):
    """Hands calls to the transport as they are.

    No proxy, .netrc or bundle out of the environment, as what is dialled is what the request names; and no cookies or
    redirects. Looking for all these takes as long as the rest of what requests does for a call.
    """

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    def request(self, method: Any, url: Any, *_: Any, **kwargs: Any) -> requests.Response:
        """The one of requests' ways that keystoneauth takes."""
        asked = requests.Request(method, url, kwargs["headers"], data=kwargs.get("data"), params=kwargs.get("params"))
        answer = _transport().send(asked.prepare(), verify=kwargs["verify"])
        token = answer.request.headers.get("X-Auth-Token")
        if answer.status_code == HTTPStatus.NOT_FOUND and token:
            self._look_whose_it_is(answer, fresh=token in call.current().tokens_given)
        return answer

    def _look_whose_it_is(self, answer: requests.Response, *, fresh: bool) -> None:
        """A 404 means that what was asked about is gone only if it names that; else something is amiss with our token.

        Keystone answers so to every call once the account, the project or a domain of the token is gone or disabled.
        Then, as a 401, it makes keystoneauth log in anew and ask once more.
        """
        said = answers.sentence_of(answer)
        names_theirs = answers.names_any(said, answers.ids_of(answer.request))
        if names_theirs and (fresh or not answers.names_any(said, self._account.ids())):
            return
        if not fresh:
            answer.status_code = HTTPStatus.UNAUTHORIZED
            return
        raise CloudEnvRefused(
            f"Keystone lets cloud_env's account ({self._account.sent}) log in and refuses its token: {shown(said)}",
            keystone_request_id=shown(answer.headers.get(REQUEST_ID, ""))[:LONGEST_REQUEST_ID],
        )


def _read(answer: requests.Response) -> requests.Response:
    """The answer with its whole body, which may trickle in for no longer than the call's time."""
    body = bytearray()
    try:
        packed = answer.headers.get("Content-Encoding", "identity") != "identity"
        if packed or len(answer.headers.get("X-Subject-Token", "")) > LONGEST_TOKEN:
            raise NotKeystone(NO_KEYSTONE, detail="answered packed, or with a token longer than Keystone's are")
        while piece := answer.raw.read1(decode_content=False):
            body += piece
            if len(body) > LONGEST_ANSWER:
                raise NotKeystone(NO_KEYSTONE, detail=f"answered with more than {LONGEST_ANSWER} bytes")
            call.current().seconds_left()
        answer.raw.release_conn()
    except HTTPError as error:
        # What requests would make of it, and keystoneauth understands.
        raise requests.ConnectionError(error) from error
    finally:
        answer.close()
    # Not what the answer says: there are encodings that take hours to decode.
    answer.encoding = "utf-8"
    answer.raw = HTTPResponse(BytesIO(body), preload_content=False)
    return answer


def open_session(account: Account) -> Session:
    """A session that logs in with the account on its first call, and again by itself when the token runs out."""
    ours = settings.current()
    if ours.insecure:
        # The start has warned of it.
        urllib3.disable_warnings(InsecureRequestWarning)
    return Session(
        auth=account.auth,
        session=_Direct(account),
        verify=not ours.insecure and (str(ours.cacert or "") or True),
        redirect=False,
        app_name="UserHandler",
    )


def load_client() -> Any:
    """The class of keystoneclient, whose import takes as long as that of all the rest here."""
    from keystoneclient.v3.client import Client

    return Client
