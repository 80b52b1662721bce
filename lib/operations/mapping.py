"""The mapping: every login and team of Concertim's with its user, its project, and the roles that are held there."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial

from lib.call.concurrency import both
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User
from lib.keystone.listing import Held, managed_projects, managed_users, roles_held
from lib.keystone.ownership import Owner, owners_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A login with its user and its project, of which one may be missing, or a team with its project."""

    owner: Owner
    """`marks.PROJECT` and the login, or `marks.TEAM` and the team."""
    user: User | None
    project: Project | None
    grants: list[Held]
    """The roles that anybody holds on the project."""
    elsewhere: list[Held]
    """The roles that the user holds anywhere else."""
    namesakes: list[str]
    """The ids of the users and projects of other entries with the same owner."""

    @property
    def ids(self) -> list[str]:
        """The ids of its user and its project."""
        return [one.id for one in (self.user, self.project) if one]


@dataclass
class Mapping:
    """All entries, and whether they are all."""

    complete: bool
    """Whether Keystone has listed everything."""
    project_ids: frozenset[str]
    """The ids of all projects that Concertim manages."""
    user_names: dict[str, str]
    """The names of all users whom Concertim manages, by id."""
    _owned: dict[Owner, tuple[list[User], list[Project]]]
    _on: dict[str, list[Held]] = field(default_factory=dict)
    _elsewhere: dict[str, list[Held]] = field(default_factory=dict)

    def add(self, held: Held, owner_of: dict[str, Owner]) -> None:
        """Notes a role on the project, if that is managed, and for the user, if it is not on the user's own project."""
        if held.scope_id in self.project_ids:
            self._on.setdefault(held.scope_id, []).append(held)
        owner = owner_of.get(held.holder_id)
        if owner and owner != owner_of.get(held.scope_id):
            self._elsewhere.setdefault(held.holder_id, []).append(held)

    def take_entries(self) -> Iterator[Entry]:
        """Gives every entry once, sorted by kind and name, and forgets it: with many users, memory counts."""
        for owner in sorted(self._owned):
            yield from self._entries_of(owner, *self._owned.pop(owner))

    def _entries_of(self, owner: Owner, users: list[User], projects: list[Project]) -> Iterator[Entry]:
        ids = [one.id for one in (*users, *projects)]
        pairs = _paired(users, projects)
        for user, project in pairs:
            own = {one.id for one in (user, project) if one}
            yield Entry(
                owner,
                user,
                project,
                self._on.pop(project.id, []) if project else [],
                self._elsewhere.pop(user.id, []) if user else [],
                [one for one in ids if one not in own] if len(pairs) > 1 else [],
            )


def read_mapping(cloud: Connection) -> Mapping:
    """Returns the mapping of this cloud as it is now."""
    users, projects = both(partial(managed_users, cloud), partial(managed_projects, cloud))
    owned: dict[Owner, tuple[list[User], list[Project]]] = defaultdict(lambda: ([], []))
    owner_of: dict[str, Owner] = {}
    for user in users.rows:
        owner_of[user.id] = (marks.PROJECT, min(owners_of(user))[1])
        owned[owner_of[user.id]][0].append(user)
    for project in projects.rows:
        owner_of[project.id] = _owner_of_project(project, owned.keys())
        owned[owner_of[project.id]][1].append(project)
    held = roles_held(cloud, {one.id for one in users.rows}, {one.id for one in projects.rows})
    mapping = Mapping(
        users.complete and projects.complete and held.complete,
        frozenset(one.id for one in projects.rows),
        {one.id: one.name for one in users.rows},
        dict(owned),
    )
    while held.rows:
        mapping.add(held.rows.pop(), owner_of)
    return mapping


def _owner_of_project(project: Project, with_user: Collection[Owner]) -> Owner:
    """Returns the login or team of the project. A legacy name may fit both: a login that has a user is preferred."""
    owners = sorted(owners_of(project))
    return next((one for one in owners if one in with_user), owners[0])


def _paired(users: list[User], projects: list[Project]) -> list[tuple[User | None, Project | None]]:
    """Returns each user with the project that is theirs most likely, and then the other projects."""
    left, pairs = [*projects], list[tuple[User | None, Project | None]]()
    for user in users:
        own = next((one for one in left if one.id == user.default_project_id), None)
        # Of several, a marked user's is the marked one. A default project that is another's proves nothing.
        own = own or next((one for one in left if bool(one.mark) == bool(user.mark)), None)
        own = own or (left[0] if left and len(users) == 1 else None)
        left = [one for one in left if one is not own]
        pairs.append((user, own))
    return pairs + [(None, one) for one in left]
