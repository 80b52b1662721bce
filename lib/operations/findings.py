"""What is wrong with an entry of the mapping, as codes and sentences."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from lib.answer.operations import Entry, EntryProblem, RoleElsewhere
from lib.call.masking import shown
from lib.keystone import names
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.grants import look_up_grants
from lib.keystone.listing import ADMIN
from lib.operations.entries import whose

_Finding = tuple[str, str]


@dataclass(frozen=True)
class Wanted:
    """The roles that the settings ask for on each project, by name."""

    of_user: tuple[str, ...]
    """Those of the project's user."""
    of_accounts: tuple[tuple[str, str], ...]
    """Each role of an operator's account, with the id of the account."""


def read_wanted(cloud: Connection, roles: Mapping[str, str]) -> Wanted:
    """Returns what the settings ask for. Raises CloudNotPrepared where a role or an account is missing."""
    grants = look_up_grants(cloud)
    accounts = tuple((roles.get(role_id, role_id), account) for role_id, account in grants.standing)
    return Wanted(tuple(roles.get(role_id, role_id) for role_id in grants.user_role_ids), accounts)


def problems_of(entry: Entry, wanted: Wanted, namesakes: Collection[str]) -> list[EntryProblem]:
    """Returns all that is wrong with the entry. `namesakes` are the ids in other entries of its login or team."""
    found = [
        *_missing_parts(entry, wanted),
        *_of_marks(entry),
        *_of_grants(entry, wanted),
        *_of_admin(entry),
        *_disabled(entry),
        *_namesakes(entry, namesakes),
    ]
    return [{"code": code, "message": message} for code, message in found]


def is_half_made(entry: Entry, wanted: Wanted) -> bool:
    """Whether a sign-up or a team was begun and not finished: nobody has got a role, and no client was told of it."""
    if "user_id" not in entry:
        # Where no account is to get a role, a finished team may have no grants.
        return entry["project_marked"] and bool(wanted.of_accounts) and not entry.get("grants")
    told = entry.get("user_reported") or entry.get("default_project_id")
    return entry["user_marked"] and not (own_roles(entry) or entry.get("elsewhere") or told)


def own_roles(entry: Entry) -> list[str]:
    """Returns the roles that the entry's user holds on the entry's project."""
    return [one["role"] for one in entry.get("grants", ()) if one.get("user_id") == entry.get("user_id", "none")]


def missing_grants(entry: Entry, wanted: Wanted) -> list[tuple[str, str]]:
    """Returns the (role, user id) that the settings ask for and that are not granted on the entry's project."""
    if "project_id" not in entry:
        return []
    own = [(role, entry["user_id"]) for role in wanted.of_user] if "user_id" in entry else []
    held = {(one["role"], one.get("user_id")) for one in entry.get("grants", ())}
    return [one for one in (*own, *wanted.of_accounts) if one not in held]


def needs_no_project(entry: Entry) -> bool:
    """Whether it is a user as UI v1.2.0 and later make them: without a project, and with roles in teams."""
    return bool(entry.get("user_reported") or (entry.get("elsewhere") and not entry["user_marked"]))


def _missing_parts(entry: Entry, wanted: Wanted) -> Iterator[_Finding]:
    if is_half_made(entry, wanted):
        what = "team" if entry["kind"] == "team" else "sign-up"
        since = shown(entry.get("user_created") or entry.get("project_created") or "an unknown time")
        or_else = "" if "project_id" in entry else ", or its project was removed"
        yield "half_made", f"The {what} was begun at {since} and not finished{or_else}."
    if entry["kind"] == "team":
        return
    if "user_id" not in entry:
        yield "no_user", "There is a project and no user of this login."
    elif "project_id" not in entry and not needs_no_project(entry):
        yield "no_project", "There is a user and no project of this login."


def _of_marks(entry: Entry) -> Iterator[_Finding]:
    kind, name = whose(entry)
    if "user_id" in entry:
        yield from _of_mark("user", entry["user_marked"], entry["user_name"], (marks.USER, name))
    if "project_id" in entry:
        yield from _of_mark("project", entry["project_marked"], entry["project_name"], (kind, name))


def _of_mark(what: str, is_marked: bool, name: str, owner: tuple[str, str]) -> Iterator[_Finding]:
    if not is_marked:
        yield "unmarked", f"The {what} has no mark: the older service made it, or somebody by hand."
    elif name not in names.possible_names(*owner):
        yield "mark_and_name_disagree", f"The {what} is marked for {shown(owner[1])}, and its name is {shown(name)}."


def _of_grants(entry: Entry, wanted: Wanted) -> Iterator[_Finding]:
    missing = missing_grants(entry, wanted)
    if missing:
        told = ", ".join(f"{shown(role)} for user {shown(user_id)}" for role, user_id in missing)
        yield "grant_missing", f"Roles are missing on the project: {told}."


def _of_admin(entry: Entry) -> Iterator[_Finding]:
    elsewhere = entry.get("elsewhere", [])
    admin = [_where(one) for one in elsewhere if one["role"] == ADMIN]
    if ADMIN in own_roles(entry):
        admin.insert(0, f"project {entry['project_id']}")
    if admin:
        where = shown(", ".join(admin))
        yield "holds_admin", f"The user holds the role admin on {where}: a cloud administrator on a stock Keystone."
    outside = dict.fromkeys(_where(one) for one in elsewhere if not one["managed"])
    if outside:
        yield "roles_outside", f"The user holds roles outside Concertim's projects, on {shown(', '.join(outside))}."


def _where(held: RoleElsewhere) -> str:
    by = held.get("group_id")
    return f"{held['scope']} as a member of group {by}" if by else held["scope"]


def _disabled(entry: Entry) -> Iterator[_Finding]:
    if not entry.get("user_enabled", True):
        yield "disabled", "The user is disabled."
    if not entry.get("project_enabled", True):
        yield "disabled", "The project is disabled."


def _namesakes(entry: Entry, namesakes: Collection[str]) -> Iterator[_Finding]:
    if namesakes:
        what = "team" if entry["kind"] == "team" else "login"
        yield (
            f"two_for_one_{what}",
            (f"There is more than one of this {what}. The other ids are {shown(', '.join(namesakes))}."),
        )
