"""Ways to sign somebody up: the least that Keystone allows, the service and its calls, and one call after another."""

import json
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from keystoneclient.v3.client import Client

PASSWORD = "correct-horse"
CloudEnv = Mapping[str, str]
SignUp = Callable[[str], None]
Call = tuple[str, str, Any]

# More threads than five concurrent sign-ups need.
FLOOR_THREADS = 24


def new_login() -> str:
    """Returns a login that nobody has used."""
    return uuid.uuid4().hex[:12]


class Floor:
    """Raw HTTP on kept connections with a warm token and known ids: user and project in parallel, then all grants.

    It checks nothing, proves nothing and repeats nothing, so a service that keeps its promise has more to do.
    """

    def __init__(self, cloud_env: CloudEnv) -> None:
        self._address = urlsplit(cloud_env["auth_url"]).netloc
        self._threads = ThreadPoolExecutor(FLOOR_THREADS)
        self._kept = threading.local()
        self._connections: list[HTTPConnection] = []
        admin = _client(cloud_env)
        self._token = admin.session.get_token()
        roles = {role.name: role.id for name in ("member", "watcher", "admin") for role in admin.roles.list(name=name)}
        [concertim] = admin.users.list(domain="default", name="concertim")
        own = admin.session.auth.get_access(admin.session).user_id
        self._member = roles["member"]
        self._others = [(concertim.id, roles["watcher"]), (concertim.id, roles["member"]), (own, roles["admin"])]

    def sign_up(self, login: str) -> None:
        """Signs up with two steps of parallel calls."""
        user = self._threads.submit(self._make_user, login)
        project_id = self._make_project(login)
        self._at_once(self._grants(user.result(), project_id))

    def _make_user(self, login: str) -> str:
        user = {"name": f"concertim_{login}", "domain_id": "default", "password": PASSWORD}
        return str(self._call("POST", "/v3/users", {"user": user})["user"]["id"])

    def _make_project(self, login: str) -> str:
        project = {"name": f"concertim_{login}_project", "domain_id": "default"}
        return str(self._call("POST", "/v3/projects", {"project": project})["project"]["id"])

    def _grants(self, user_id: str, project_id: str) -> list[Call]:
        given = [(user_id, self._member), *self._others]
        return [("PUT", f"/v3/projects/{project_id}/users/{to}/roles/{role}", None) for to, role in given]

    def _at_once(self, calls: Sequence[Call]) -> None:
        for one in [self._threads.submit(self._call, *call) for call in calls]:
            one.result()

    def close(self) -> None:
        """Ends the threads and closes the connections."""
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    def _call(self, method: str, path: str, body: Any) -> Any:
        if not hasattr(self._kept, "connection"):
            self._kept.connection = HTTPConnection(self._address, timeout=60)
            self._connections.append(self._kept.connection)
        headers = {"X-Auth-Token": self._token, "Content-Type": "application/json"}
        self._kept.connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = self._kept.connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data!r}")
        return json.loads(data) if data else None


class SameCalls(Floor):
    """The calls of the service in its order, as raw HTTP. What the service takes longer than this is its own work."""

    def sign_up(self, login: str) -> None:
        """Signs up with three steps: the user is the lock, and the project becomes the default one of the user."""
        user_id = self._make_user(login)
        project_id = self._make_project(login)
        default = ("PATCH", f"/v3/users/{user_id}", {"user": {"default_project_id": project_id}})
        self._at_once([*self._grants(user_id, project_id), default])


class Ours:
    """The service, called over HTTP as the Concertim UI does."""

    def __init__(self, url: str, cloud_env: CloudEnv) -> None:
        self._address, self._cloud_env = urlsplit(url).netloc, cloud_env

    def sign_up(self, login: str) -> None:
        """Signs up with one call, on a new connection."""
        self.signed_up(login)

    def signed_up(self, login: str, **known: str) -> dict[str, str]:
        """Signs up, and returns the answer. `known` has the ids that the UI has stored, if it has any."""
        body = json.dumps({"cloud_env": self._cloud_env, "username": login, "password": PASSWORD, **known})
        with closing(HTTPConnection(self._address, timeout=60)) as connection:
            connection.request("POST", "/create_user_project", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"create_user_project: {answer.status} {data!r}")
        answered: dict[str, str] = json.loads(data)
        return answered

    def repeat(self, answer: Mapping[str, str], *, ids: bool = False) -> None:
        """Repeats a sign-up that was answered so, by its name or by its ids. Asserts that the answer is the same."""
        known = {"cloud_user_id": answer["user_id"], "project_id": answer["project_id"]} if ids else {}
        assert self.signed_up(answer["username"], **known) == answer


class Plain:
    """The way that is written first, and that the older service had: a new log-in, then eleven calls in a row."""

    def __init__(self, cloud_env: CloudEnv) -> None:
        self._cloud_env = cloud_env

    def sign_up(self, login: str) -> None:
        """Signs up with twelve calls. The older service made two more, as it printed what it had made."""
        admin = _client(self._cloud_env)
        project = admin.projects.create(f"concertim_{login}_project", "default")
        user = admin.users.create(f"concertim_{login}", "default", password=PASSWORD)
        [member], [watcher], [operator] = (admin.roles.list(name=name) for name in ("member", "watcher", "admin"))
        [concertim], [own] = (admin.users.list(domain="default", name=name) for name in ("concertim", "admin"))
        for role, to in [(member, user), (watcher, concertim), (member, concertim), (operator, own)]:
            admin.roles.grant(role.id, user=to.id, project=project.id)


def log_in(cloud_env: CloudEnv, login: str) -> None:
    """Logs in as somebody who has signed up, without a scope, on a new connection."""
    user = {"name": f"concertim_{login}", "domain": {"id": "default"}, "password": PASSWORD}
    body = json.dumps({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}})
    with closing(HTTPConnection(urlsplit(cloud_env["auth_url"]).netloc, timeout=60)) as connection:
        connection.request("POST", "/v3/auth/tokens", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 201:
            raise RuntimeError(f"POST /v3/auth/tokens: {answer.status} {answer.read()!r}")


def _client(cloud_env: CloudEnv) -> Client:
    login: Any = v3.Password(
        cloud_env["auth_url"],
        cloud_env["password"],
        username=cloud_env["username"],
        user_domain_id="default",
        project_name=cloud_env["project_name"],
        project_domain_id="default",
    )
    return Client(session=Session(auth=login, timeout=60), endpoint_override=cloud_env["auth_url"])
