"""A scripted Keystone that answers at once, so that what remains of a sign-up is the service's own work."""

import asyncio
import json
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tools.bench.beside import serve_until_orphaned

# More than are asked for concurrently. Older ones are dropped, so that ten thousand sign-ups need no more memory.
KEPT_USERS = 1000
TOKEN = {
    "token": {
        "methods": ["password"],
        "user": {"id": "a" * 32, "name": "admin", "domain": {"id": "default", "name": "Default"}},
        "project": {"id": "b" * 32, "name": "admin", "domain": {"id": "default", "name": "Default"}},
        "roles": [{"id": "c" * 32, "name": "admin"}],
        "issued_at": "2020-01-01T00:00:00.000000Z",
        "expires_at": "2120-01-01T00:00:00.000000Z",
    }
}
_users: OrderedDict[str, dict[str, Any]] = OrderedDict()


def answer(method: str, target: str, body: bytes) -> tuple[int, Any]:
    """Returns what Keystone answers when all goes well: the status and the JSON, or None where there is no body."""
    url = urlsplit(target)
    path = url.path.removeprefix("/v3/").split("/")
    match method, path:
        case "POST", ["auth", "tokens"]:
            return 201, TOKEN
        case "POST", ["users"]:
            return 201, {"user": _keep(_made(json.loads(body)["user"]))}
        case "PATCH", ["users", user_id]:
            return 200, {"user": _keep(_users[user_id] | json.loads(body)["user"])}
        case "POST", ["projects"]:
            return 201, {"project": _made(json.loads(body)["project"])}
        case "GET", [("roles" | "users") as kind]:
            return 200, {kind: [_listed(parse_qs(url.query))], "links": {}}
        case "PUT", _:
            return 204, None
    return 404, {"error": {"code": 404, "title": "Not Found", "message": f"Not in the script: {method} {target}"}}


def _made(attributes: dict[str, Any]) -> dict[str, Any]:
    attributes.pop("password", None)
    return {"id": _id(attributes["name"]), "enabled": True} | attributes


def _keep(user: dict[str, Any]) -> dict[str, Any]:
    _users[user["id"]] = user
    if len(_users) > KEPT_USERS:
        _users.popitem(last=False)
    return user


def _listed(query: dict[str, list[str]]) -> dict[str, Any]:
    return {"id": _id(query["name"][0]), "name": query["name"][0], "domain_id": query.get("domain_id", [None])[0]}


def _id(name: str) -> str:
    return name.encode().hex()[-32:].rjust(32, "0")


class _Exchange(asyncio.Protocol):
    """A connection that serves one request after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (request := self._next()) is not None:
            head, body = request
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            status, value = answer(method, target, body)
            content = b"" if value is None else json.dumps(value).encode()
            lines = [f"HTTP/1.1 {status} OK", f"Content-Length: {len(content)}", f"X-Subject-Token: {'t' * 180}"]
            lines += ["Content-Type: application/json", "", ""]
            self._transport.write("\r\n".join(lines).encode() + content)

    def _next(self) -> tuple[bytes, bytes] | None:
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        if not end or len(rest) < length:
            return None
        self._received = rest[length:]
        return head, rest[:length]


if __name__ == "__main__":
    serve_until_orphaned(_Exchange)
