"""Records what goes over the wire, in the words of the model."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.keystone import Keystone
from tests.support.proxy import Exchange


def standing_accounts(cloud: Keystone) -> set[str]:
    """Returns the ids of the accounts that are granted roles on every project, which the model leaves out."""
    return {user.id for user in cloud.admin.users.list() if user.name in ("admin", "concertim")}


def name_of(exchange: Exchange, others: set[str]) -> str:
    """Returns the call in the words of the model, or nothing for what it leaves out, as grants to `others`."""
    path = exchange.path.removeprefix("/v3").partition("?")[0].strip("/").split("/")
    match exchange.command, path:
        case "PATCH", ["users", _]:
            return f"PATCH {purpose(json.loads(exchange.body)['user'])}"
        case "PUT", ["projects", _, "users", user_id, "roles", _]:
            return "" if user_id in others else "PUT grant"
        case "POST", ["auth", "tokens"]:
            return "POST token"
        case "GET", ["role_assignments"]:
            # Roles are listed by two calls, those granted directly and then those by groups; the first one counts.
            return "" if "effective" in exchange.path else "GET roles"
        case method, [kind]:
            return f"{method} {kind.removesuffix('s')}" + (" by name" if method == "GET" else "")
        case method, [kind, _]:
            return f"{method} {kind.removesuffix('s')}" + (" by id" if method == "GET" else "")
    raise AssertionError(path)


def purpose(change: dict[str, Any]) -> str:
    """Returns what a PATCH of a user is for."""
    if "password" in change:
        assert change["concertim_claimed"] == ""
        assert change.keys() >= {"concertim_request", "concertim_taken_over"}
        return "password"
    if "default_project_id" in change:
        return "default"
    if "concertim_finished" in change:
        return "finished"
    assert change.keys() <= {"concertim_claimed", "concertim_request"}
    return "claim" if change["concertim_claimed"] else "unclaim"


@dataclass
class Wire:
    """Records the calls as the model names them.

    A function in `after` runs once, when Keystone has answered the call of that name.
    """

    user_id: str
    others: set[str]
    asked: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    after: dict[str, Callable[[], Any]] = field(default_factory=dict)

    def pass_on(self, exchange: Exchange) -> None:
        """Records the call, and lets Keystone answer it."""
        named = name_of(exchange, self.others)
        if named:
            self.asked.append(named)
            self.times.append(time.monotonic())
        answered = exchange.ask_keystone()
        if named == "POST user" and answered[0] == 201:
            self.user_id = json.loads(answered[2])["user"]["id"]
        self.after.pop(named, lambda: None)()
        exchange.reply(answered)
