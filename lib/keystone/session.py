"""The keystoneauth session behind a connection: who logs in where, and what every HTTP call to Keystone carries."""

from typing import Any

import requests
from keystoneauth1.identity import v3
from keystoneauth1.session import Session, TCPKeepAliveAdapter

from lib import call, settings
from lib.errors import NotKeystone
from lib.models import CloudEnv

# Keystone is on this host or beside it; one that takes longer to accept a connection is down.
CONNECT_SECONDS = 5
# The widest wave of Keystone calls by default: four grants and the default project.
CALLS_AT_ONCE = 5


class _Transport(TCPKeepAliveAdapter):
    """Gives every call to Keystone, log-ins included, the time that is left and the id of the request it is for."""

    def __init__(self, auth: v3.Password, calls: int) -> None:
        self._auth = auth
        super().__init__(pool_maxsize=calls)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        this = call.current()
        left = this.seconds_left()
        request.headers["X-OpenStack-Request-ID"] = this.request_id
        answer = super().send(request, *args, **{**kwargs, "timeout": (min(CONNECT_SECONDS, left), left)})
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        succeeded = answer.status_code == 204 or (answer.status_code < 300 and is_json)
        # keystoneclient takes a redirect, or a page that says "maintenance", for success where it expects no body.
        if answer.ok and not succeeded:
            answer.close()
            raise NotKeystone("What answers at cloud_env.auth_url is not a Keystone v3.")
        if answer.status_code == requests.codes.not_found and self._names_ourselves(answer.text):
            # Then it is not the object asked for that is gone, but the account or the project of our token (Keystone 30
            # answers so to every call). As a 401 it makes keystoneauth log in anew and ask once more.
            answer.status_code = requests.codes.unauthorized
        return answer

    def _names_ourselves(self, text: str) -> bool:
        token = self._auth.auth_ref
        return token is not None and any(str(own) in text for own in (token.user_id, token.project_id) if own)


def open_session(cloud_env: CloudEnv) -> Session:
    """A session that logs in with cloud_env on its first call, and again by itself when the token runs out."""
    # Without the catalog: Keystone is always called at the URL that the request names.
    auth = v3.Password(cloud_env.auth_url, include_catalog=False, **_credentials(cloud_env))
    transport = requests.Session()
    # No proxy, .netrc or bundle out of the environment: what is dialled is what the request names.
    transport.trust_env = False
    adapter = _Transport(auth, settings.current().threads * CALLS_AT_ONCE)
    transport.mount("http://", adapter)
    transport.mount("https://", adapter)
    return Session(
        auth=auth,
        session=transport,
        verify=str(settings.current().cacert or "") or True,
        redirect=False,
        app_name="UserHandler",
    )


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
