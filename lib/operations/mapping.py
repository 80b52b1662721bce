"""The mapping: every login and team of Concertim's with its user, its project, and the roles that are held there.

There may be very many, so each is a dict from the beginning, as it is answered, and equal grants are one dict.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from lib.answer.operations import Entry, Grant, RoleElsewhere
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User
from lib.keystone.listing import Held, read_managed_projects, read_managed_users, read_members, read_roles_held
from lib.keystone.ownership import owners_of
from lib.operations.entries import add_project, of_owner, of_user, whose

_Item = TypeVar("_Item")


@dataclass
class Mapping:
    """All entries, and whether they are all."""

    entries: list[Entry]
    complete: bool
    """Whether Keystone has listed everything."""


def read_mapping(cloud: Connection, roles: dict[str, str]) -> Mapping:
    """Returns the mapping of this cloud as it is now, sorted by kind and name, without what is wrong with it.

    `roles` has the names of roles by id.
    """
    reading = _Reading(roles)
    # Users come first: each project finds the user that it belongs to.
    complete = [read_managed_users(cloud, reading.note_user), read_managed_projects(cloud, reading.note_project)]
    reading.place_projects()
    complete.append(read_roles_held(cloud, reading.note_role))
    # Keystone lists the roles of a group, and no call tells of all that its members hold by it.
    complete += [read_members(cloud, one, partial(reading.note_member, one)) for one in reading.groups()]
    return Mapping(sorted(reading.entries(), key=_order), all(complete))


def _order(entry: Entry) -> tuple[str, str, str]:
    return (*whose(entry), entry.get("user_id", "~"))


@dataclass
class _Reading:
    """What was read until now. To note something again changes nothing."""

    roles: dict[str, str]
    """The names of roles by id."""
    _of_owner: dict[str, dict[str, list[Entry]]] = field(default_factory=lambda: {marks.PROJECT: {}, marks.TEAM: {}})
    _of_id: dict[str, Entry] = field(default_factory=dict)
    _unplaced: dict[str, Project] = field(default_factory=dict)
    _grants: dict[tuple[str, str], Grant] = field(default_factory=dict)
    _of_groups: dict[str, list[RoleElsewhere]] = field(default_factory=dict)

    def entries(self) -> Iterator[Entry]:
        """Gives every entry once, and forgets it."""
        self._of_id.clear()
        for of_name in self._of_owner.values():
            while of_name:
                yield from of_name.popitem()[1]

    def note_user(self, user: User) -> None:
        """Begins the entry of a user."""
        if user.id not in self._of_id:
            login = min(owners_of(user))[1]
            self._begin((marks.PROJECT, login), of_user(login, user), user.id)

    def note_project(self, project: Project) -> None:
        """Adds a project to the entry of the user whose default project it is, or leaves it for place_projects."""
        if project.id in self._of_id:
            return
        for owner in sorted(owners_of(project)):
            for entry in self._entries_of(owner):
                if entry.get("default_project_id") == project.id:
                    self._add_project(entry, project)
                    return
        self._unplaced[project.id] = project

    def place_projects(self) -> None:
        """Adds each project that is left to the entry of a user of its login who has none, or begins an entry."""
        while self._unplaced:
            project = self._unplaced.popitem()[1]
            owners = sorted(owners_of(project))
            # A legacy name may fit a login and a team.
            owner = next((one for one in owners if self._entries_of(one)), owners[0])
            free = [one for one in self._entries_of(owner) if "user_id" in one and "project_id" not in one]
            alike = [one for one in free if one["user_marked"] == bool(project.mark)]
            entry = next(iter([*alike, *free]), None)
            if entry is None:
                entry = self._begin(owner, of_owner(owner), project.id)
            self._add_project(entry, project)

    def note_role(self, held: Held) -> None:
        """Adds a role to the entries that it concerns."""
        on = self._of_id.get(held.scope_id) if held.scope == "project" else None
        holder = self._of_id.get(held.holder_id)
        if on:
            _add(on.setdefault("grants", []), self._grant(held, holder))
        if held.holder == "group":
            of_group = self._of_groups.setdefault(held.holder_id, [])
            by_group: RoleElsewhere = {**self._elsewhere(held, on), "group_id": held.holder_id}
            _add(of_group, by_group)
        elif holder and holder is not on:
            _add(holder.setdefault("elsewhere", []), self._elsewhere(held, on))

    def groups(self) -> list[str]:
        """Returns the ids of the groups that hold roles."""
        return [*self._of_groups]

    def note_member(self, group_id: str, user_id: str) -> None:
        """Adds the roles of a group to the entry of a user who is in it."""
        holder = self._of_id.get(user_id)
        if holder:
            for one in self._of_groups[group_id]:
                _add(holder.setdefault("elsewhere", []), one)

    def _elsewhere(self, held: Held, on: Entry | None) -> RoleElsewhere:
        role = self.roles.get(held.role_id, held.role_id)
        return {"role": role, "scope": f"{held.scope} {held.scope_id}", "managed": on is not None}

    def _entries_of(self, owner: tuple[str, str]) -> Sequence[Entry]:
        kind, name = owner
        return self._of_owner[kind].get(name, ())

    def _begin(self, owner: tuple[str, str], entry: Entry, object_id: str) -> Entry:
        kind, name = owner
        self._of_owner[kind].setdefault(name, []).append(entry)
        self._of_id[object_id] = entry
        return entry

    def _add_project(self, entry: Entry, project: Project) -> None:
        add_project(entry, project)
        self._of_id[project.id] = entry

    def _grant(self, held: Held, holder: Entry | None) -> Grant:
        """Returns the role and its holder. Of those whom Concertim does not manage, equal ones are one dict."""
        role = self.roles.get(held.role_id, held.role_id)
        if holder:
            return {"role": role, "user_id": holder["user_id"], "user_name": holder["user_name"]}
        key = (held.role_id, held.holder_id)
        if key not in self._grants:
            self._grants[key] = {"role": role, "group_id": held.holder_id}
            if held.holder == "user":
                self._grants[key] = {"role": role, "user_id": held.holder_id}
        return self._grants[key]


def _add(items: list[_Item], item: _Item) -> None:
    if item not in items:
        items.append(item)
