"""The keystoneauth session behind a connection: who logs in where, and what every HTTP call to Keystone carries."""

from http import HTTPStatus
from io import BytesIO
from typing import Any

import requests
import urllib3
from keystoneauth1.identity import v3
from keystoneauth1.session import Session, TCPKeepAliveAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, InsecureRequestWarning

import lib.keystone.dialling as dialling
from lib import call, settings
from lib.errors import NotKeystone
from lib.keystone.refusals import NO_KEYSTONE
from lib.models import CloudEnv
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
        for token in (request.headers.get("X-Auth-Token"), answer.headers.get("X-Subject-Token")):
            this.secrets.update([str(token)] if token else [])
        # keystoneclient takes a redirect, or a page that says "maintenance", for success where it expects no body.
        if answer.ok and not _is_success(request.method, answer):
            raise NotKeystone(NO_KEYSTONE, detail=f"answered {answer.status_code}")
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

    def __init__(self, auth: v3.Password) -> None:
        super().__init__()
        self._auth = auth

    def request(self, method: Any, url: Any, *_: Any, **kwargs: Any) -> requests.Response:
        """The one of requests' ways that keystoneauth takes."""
        asked = requests.Request(method, url, kwargs["headers"], data=kwargs.get("data"), params=kwargs.get("params"))
        answer = _transport().send(asked.prepare(), verify=kwargs["verify"])
        if answer.status_code == HTTPStatus.NOT_FOUND and self._names_ourselves(answer.text):
            # Then it is not the object asked for that is gone, but the account or the project of our token (Keystone 30
            # answers so to every call). As a 401 it makes keystoneauth log in anew and ask once more.
            answer.status_code = HTTPStatus.UNAUTHORIZED
        return answer

    def _names_ourselves(self, text: str) -> bool:
        token = self._auth.auth_ref
        return token is not None and any(str(own) in text for own in (token.user_id, token.project_id) if own)


def _is_success(method: str | None, answer: requests.Response) -> bool:
    """Whether it is what Keystone says when it has done what it was asked: grants and removals have no body."""
    if method in ("PUT", "DELETE"):
        return answer.status_code == HTTPStatus.NO_CONTENT
    return answer.status_code < 300 and answer.headers.get("Content-Type", "").startswith("application/json")


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


def open_session(cloud_env: CloudEnv) -> Session:
    """A session that logs in with cloud_env on its first call, and again by itself when the token runs out."""
    ours = settings.current()
    if ours.insecure:
        # The start has warned of it.
        urllib3.disable_warnings(InsecureRequestWarning)
    # Without the catalog: Keystone is always called at the URL that the request names.
    auth = v3.Password(cloud_env.auth_url, include_catalog=False, **_credentials(cloud_env))
    return Session(
        auth=auth,
        session=_Direct(auth),
        verify=not ours.insecure and (str(ours.cacert or "") or True),
        redirect=False,
        app_name="UserHandler",
    )


def load_client() -> Any:
    """The class of keystoneclient, whose import takes as long as that of all the rest here."""
    from keystoneclient.v3.client import Client

    return Client


def domain_id_of_default(domain_name: str | None) -> str | None:
    """The id `default` for either spelling of that domain in Concertim's samples; bootstrap names it `Default`."""
    return "default" if domain_name in ("default", "Default") else None


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
