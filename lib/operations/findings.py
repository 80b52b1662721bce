"""What is wrong with an entry of the mapping, as codes and sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lib.call.masking import shown
from lib.keystone import names
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User
from lib.keystone.grants import Grants, look_up_grants
from lib.keystone.listing import Held, role_names
from lib.operations.mapping import Entry

ADMIN = "admin"

Finding = tuple[str, str]
"""A code, which stays the same in later releases, and a sentence."""


@dataclass(frozen=True)
class Site:
    """What entries are compared with."""

    roles: Mapping[str, str]
    """The names of roles by id."""
    grants: Grants
    """What the settings ask for."""
    project_ids: frozenset[str]
    """The ids of all projects that Concertim manages."""

    def is_admin(self, held: Held) -> bool:
        """Whether the role is `admin`, which makes a cloud administrator on a stock Keystone."""
        return self.roles.get(held.role_id) == ADMIN

    def is_outside(self, held: Held) -> bool:
        """Whether it is held on something that Concertim does not manage."""
        return held.scope_id not in self.project_ids


def read_site(cloud: Connection, project_ids: frozenset[str]) -> Site:
    """Returns what to compare with. Raises CloudNotPrepared where a role or an account of the settings is missing."""
    return Site(role_names(cloud), look_up_grants(cloud), project_ids)


def findings_of(entry: Entry, site: Site) -> list[Finding]:
    """Returns all that is wrong with the entry."""
    return [
        *_missing_parts(entry),
        *_of_marks(entry),
        *_of_grants(entry, site),
        *_of_admin(entry, site),
        *_disabled(entry),
        *_namesakes(entry),
    ]


def is_half_made(entry: Entry) -> bool:
    """Whether a sign-up or a team was begun and not finished: nobody has got a role, and no client was told of it."""
    user, project = entry.user, entry.project
    if user is None:
        return project is not None and bool(project.mark) and not entry.grants
    roles = [held for held in (*entry.grants, *entry.elsewhere) if held.holder_id == user.id]
    return bool(user.mark) and not (roles or user.reported or user.default_project_id)


def missing_grants(entry: Entry, site: Site) -> list[tuple[str, str]]:
    """Returns the (role id, user id) that the settings ask for and nobody has granted on the entry's project."""
    if entry.project is None:
        return []
    own = [(role_id, entry.user.id) for role_id in site.grants.user_role_ids] if entry.user else []
    held = {(one.role_id, one.holder_id) for one in entry.grants}
    return [one for one in (*own, *site.grants.standing) if one not in held]


def _missing_parts(entry: Entry) -> Iterator[Finding]:
    user, project = entry.user, entry.project
    since = next((one.created for one in (user, project) if one and one.created), "")
    if is_half_made(entry):
        what = "team" if entry.owner[0] == marks.TEAM else "sign-up"
        yield "half_made", f"The {what} was begun at {shown(since) or 'an unknown time'} and not finished."
    if entry.owner[0] == marks.TEAM:
        return
    if user is None:
        yield "no_user", "There is a project and no user of this login."
    # From v1.2.0 on, users are made without a project, and get roles in teams.
    elif project is None and not user.reported and (user.mark or not entry.elsewhere):
        yield "no_project", "There is a user and no project of this login."


def _of_marks(entry: Entry) -> Iterator[Finding]:
    for found in (entry.user, entry.project):
        if found is None:
            continue
        if found.mark is None:
            yield "unmarked", f"The {_kind(found)} has no mark: the older service made it, or somebody by hand."
        elif found.name not in names.possible_names(*found.mark):
            yield (
                "mark_and_name_disagree",
                (f"The {_kind(found)} is marked for {shown(found.mark[1])}, and its name is {found.shown_name}."),
            )


def _of_grants(entry: Entry, site: Site) -> Iterator[Finding]:
    missing = missing_grants(entry, site)
    if missing:
        told = ", ".join(f"{shown(site.roles.get(role, role))} for user {shown(user)}" for role, user in missing)
        yield "grant_missing", f"Roles are missing on the project: {told}."


def _of_admin(entry: Entry, site: Site) -> Iterator[Finding]:
    if entry.user is None:
        return
    held = [one for one in (*entry.grants, *entry.elsewhere) if one.holder_id == entry.user.id]
    admin = [one for one in held if site.is_admin(one)]
    if admin:
        where = ", ".join(f"{one.scope} {shown(one.scope_id)}" for one in admin)
        yield "holds_admin", f"The user holds the role admin on {where}: a cloud administrator on a stock Keystone."
    outside = [one for one in held if site.is_outside(one)]
    if outside:
        where = ", ".join(dict.fromkeys(f"{one.scope} {shown(one.scope_id)}" for one in outside))
        yield "roles_outside", f"The user holds roles outside Concertim's projects, on {where}."


def _disabled(entry: Entry) -> Iterator[Finding]:
    for found in (entry.user, entry.project):
        if found and not found.enabled:
            yield "disabled", f"The {_kind(found)} is disabled."


def _namesakes(entry: Entry) -> Iterator[Finding]:
    if entry.namesakes:
        what = "team" if entry.owner[0] == marks.TEAM else "login"
        code = "two_for_one_team" if what == "team" else "two_for_one_login"
        yield (
            code,
            f"There is more than one of this {what}. The other ids are {', '.join(map(shown, entry.namesakes))}.",
        )


def _kind(found: User | Project) -> str:
    return type(found).__name__.lower()
