"""The mapping as it is answered: each entry as a dict, with what is wrong with it."""

from collections.abc import Mapping as MappingOf
from typing import Any, cast

from lib.answer.operations import Entry as AnsweredEntry
from lib.answer.operations import UserProjects
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User
from lib.keystone.listing import Held
from lib.operations.findings import Site, findings_of
from lib.operations.mapping import Entry, Mapping

# So many holders of roles who are not managed are asked for by id, to tell their names. A site has a few accounts.
MOST_STRANGERS = 20


def listed(cloud: Connection, mapping: Mapping, site: Site) -> UserProjects:
    """Returns the answer about the whole mapping, which is used up."""
    holders = _Holders(cloud, mapping.user_names, site.roles)
    entries = [_entry(entry, site, holders) for entry in mapping.take_entries()]
    teams = sum(one["kind"] == "team" for one in entries)
    counts = {
        "people": len(entries) - teams,
        "teams": teams,
        "with_problems": sum(bool(one["problems"]) for one in entries),
    }
    # Not checked again, as that would copy it.
    return UserProjects.model_construct(complete=mapping.complete, counts=counts, entries=entries)


class _Holders:
    """The grants of holders as dicts. Those of the site's accounts, which are on all projects, are shared."""

    def __init__(self, cloud: Connection, names: MappingOf[str, str], roles: MappingOf[str, str]) -> None:
        self._cloud, self._names, self._roles = cloud, names, roles
        self._strangers: dict[str, str] = {}
        self._shared: dict[tuple[str, str], dict[str, str]] = {}

    def grant(self, held: Held) -> dict[str, str]:
        """Returns the role and who holds it."""
        if held.holder_id in self._names:
            return self._made(held)
        key = (held.role_id, held.holder_id)
        if key not in self._shared:
            self._shared[key] = self._made(held)
        return self._shared[key]

    def elsewhere(self, held: Held) -> dict[str, str]:
        """Returns the role and where it is held."""
        return {"role": self.role(held), "scope": f"{held.scope} {held.scope_id}"}

    def role(self, held: Held) -> str:
        """Returns the role's name, or its id where Keystone does not list it."""
        return self._roles.get(held.role_id, held.role_id)

    def _made(self, held: Held) -> dict[str, str]:
        if held.holder == "group":
            return {"role": self.role(held), "group_id": held.holder_id}
        named = {"role": self.role(held), "user_id": held.holder_id, "user_name": self._name(held.holder_id)}
        return {key: value for key, value in named.items() if value}

    def _name(self, user_id: str) -> str:
        if user_id in self._names:
            return self._names[user_id]
        if user_id not in self._strangers and len(self._strangers) < MOST_STRANGERS:
            found = self._cloud.find_user(user_id)
            self._strangers[user_id] = found.name if found else ""
        return self._strangers.get(user_id, "")


def _entry(entry: Entry, site: Site, holders: _Holders) -> AnsweredEntry:
    kind, name = entry.owner
    of_whom = {"kind": "team", "team": name} if kind == marks.TEAM else {"kind": "person", "login": name}
    made: dict[str, Any] = {
        **of_whom,
        **_part("user", entry.user),
        **({"email": entry.user.email, "full_name": entry.user.full_name} if entry.user else {}),
        **_part("project", entry.project),
    }
    if made.get("project_request_id") == made.get("user_request_id"):
        # One text in place of two equal ones.
        made["project_request_id"] = made.get("user_request_id", "")
    made["grants"] = [holders.grant(held) for held in entry.grants]
    made["elsewhere"] = [holders.elsewhere(held) for held in entry.elsewhere]
    made["problems"] = [{"code": code, "message": message} for code, message in findings_of(entry, site)]
    return cast(AnsweredEntry, {key: value for key, value in made.items() if value not in ("", None)})


def _part(kind: str, found: User | Project | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        f"{kind}_id": found.id,
        f"{kind}_name": found.name,
        f"{kind}_enabled": found.enabled,
        f"{kind}_created": found.created,
        f"{kind}_request_id": found.last_request,
    }
