"""The requests that every host is asked. They are the columns of the matrix."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.test import Client

from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from handler import application
from lib import call
from lib.endpoint import Endpoint
from lib.settings.settings import Settings
from tests.contract.ui import token
from tests.support.keystone import Keystone

JWT_SECRET = uuid.uuid4().hex
# The headers of an answer that mean something to a client.
REQUEST_ID = "X-OpenStack-Request-ID"
TOLD = ("Content-Type", "Allow", "WWW-Authenticate", "Retry-After", REQUEST_ID)
Answered = tuple[int, dict[str, str], Any]


@dataclass(frozen=True)
class Asked:
    """One request, and the function whose direct call answers the same. Without one, the application answers it."""

    method: str
    path: str
    body: bytes = b""
    function: Endpoint | None = None
    chunked: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: _bearer(JWT_SECRET))

    @classmethod
    def sign_up(cls, request: Mapping[str, Any], **how: Any) -> "Asked":
        """Returns a sign-up with this request dict."""
        return cls("POST", "/create_user_project", as_json(request), create_user_project, **how)

    def chunks(self) -> Iterator[bytes]:
        """Yields the body in several pieces."""
        size = len(self.body) // 3 + 1
        return (self.body[begin : begin + size] for begin in range(0, len(self.body), size))

    def directly(self, host_drops_chunked: bool) -> Answered:
        """Returns what a direct call in this process answers."""
        if self.function and not (self.chunked and host_drops_chunked):
            with call.serving("") as this:
                status, body = self.function(json.loads(self.body))
            return status, {"Content-Type": "application/json", REQUEST_ID: this.request_id}, body
        # A chunked body comes without its length from a host that drops it.
        environ = {"PATH_INFO": self.path} | ({"HTTP_TRANSFER_ENCODING": "chunked"} if self.chunked else {})
        answer = Client(application).open(
            method=self.method,
            headers=dict(self.headers),
            data=None if self.chunked else self.body,
            environ_overrides=environ,
        )
        return answer.status_code, told(answer.headers), answer.get_json() if answer.is_json else answer.text


def told(headers: Any) -> dict[str, str]:
    """Returns the headers that are compared."""
    return {name: headers[name] for name in TOLD if name in headers}


def as_json(body: Mapping[str, Any]) -> bytes:
    """Returns the value as JSON in UTF-8, without escapes."""
    return json.dumps(body, ensure_ascii=False).encode()


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(secret)}", "Content-Type": "application/json"}


def _request(cloud: Keystone, login: str, **changes: Any) -> dict[str, Any]:
    return {"cloud_env": cloud.cloud_env(), "username": login, "password": "correct-horse"} | changes


def _removal(cloud: Keystone, login: str) -> Asked:
    """Returns the removal of a user and project that were signed up before."""
    made: Any = create_user_project(_request(cloud, login))[1]
    user = {"username": login, "cloud_user_id": made["user_id"], "project_id": made["project_id"]}
    return Asked("DELETE", "/user", as_json({"cloud_env": cloud.cloud_env(), "user_info": user}), delete_user)


UTF8 = {"password": "pässwörd Ω 密码 😀", "email": "ann@bücher.example"}
# So long that a host has not read all of it when it is refused.
TOO_LARGE = b" " * (3 * Settings().max_body_bytes)
REQUESTS: dict[str, Callable[[Keystone, str], Asked]] = {
    "GET /": lambda _cloud, _login: Asked("GET", "/"),
    "sign-up": lambda cloud, login: Asked.sign_up(_request(cloud, login)),
    "repeat": lambda cloud, login: Asked.sign_up(_request(cloud, login)),
    "bad": lambda cloud, login: Asked.sign_up(_request(cloud, f"{login} / ☃")),
    "no JSON": lambda _cloud, _login: Asked("POST", "/create_user_project", b'{"username": '),
    "404": lambda _cloud, _login: Asked("POST", "/v3/create_user_project", b"{}"),
    "//": lambda cloud, login: Asked("POST", "//create_user_project", b"[]"),
    "405": lambda _cloud, _login: Asked("PATCH", "/create_user_project", b"{}"),
    "chunked": lambda cloud, login: Asked.sign_up(_request(cloud, login), chunked=True),
    "UTF-8": lambda cloud, login: Asked.sign_up(_request(cloud, login, **UTF8)),
    "413": lambda _cloud, _login: Asked("POST", "/create_user_project", TOO_LARGE),
    "DELETE": _removal,
    "401": lambda cloud, login: replace(
        Asked.sign_up(_request(cloud, login)), function=None, headers=_bearer(uuid.uuid4().hex)
    ),
}
