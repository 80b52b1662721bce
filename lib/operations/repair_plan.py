"""What a repair does to an entry of the mapping, and which entries it leaves alone."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import cast

from lib import settings
from lib.answer.operations import Entry, Repair
from lib.call.masking import shown
from lib.keystone import names
from lib.keystone.client import marks
from lib.keystone.listing import ADMIN
from lib.operations.findings import Wanted, is_half_made, missing_grants, needs_no_project, own_roles

# A sign-up is repeated by the UI for five hours at most. Whatever is younger may still be at work.
OLD_ENOUGH = timedelta(hours=6)
_OF_WHOM = ("kind", "login", "team", "user_id", "project_id")


class Action(Enum):
    """One change. The value is what is told of it."""

    REPLACE_ADMIN = "Replace the role admin of the user"
    GRANT = "Grant the roles that are missing"
    MARK_PROJECT = "Mark the project"
    MARK_USER = "Mark the user"
    REMOVE_USER = "Remove the user, who has no project and no role"


@dataclass(frozen=True)
class Plan:
    """What to do with an entry, in this order."""

    entry: Entry
    actions: tuple[Action, ...] = ()
    left_alone: str = ""
    """Why nothing is done, although something is wrong."""


@dataclass(frozen=True)
class People:
    """The users who matter to every plan, by their ids."""

    managed: Collection[str]
    """Those of all entries."""
    named: Collection[str]
    """Those whom the operator has named, as only an operator can tell whether to repair them."""
    remove_half_made: bool = False
    """Whether the operator has told to remove all who have no project and no role."""

    def may_remove(self, user_id: str) -> bool:
        """Whether to remove this user, who has no project and no role."""
        return self.remove_half_made or user_id in self.named


def plan_for(entry: Entry, wanted: Wanted, people: People) -> Plan | None:
    """Returns what to do with the entry, or None where nothing is wrong that a repair can mend."""
    actions = tuple(_actions(entry, wanted))
    if not actions:
        return None
    reason = _why_leave_alone(entry, wanted, people)
    return Plan(entry, left_alone=reason) if reason else Plan(entry, actions)


def _actions(entry: Entry, wanted: Wanted) -> Iterator[Action]:
    if "project_id" not in entry and is_half_made(entry, wanted):
        yield Action.REMOVE_USER
        return
    # Marks come last: a marked user without a role counts as one whose sign-up was never finished.
    if projects_with_admin(entry):
        yield Action.REPLACE_ADMIN
    if missing_grants(entry, wanted):
        yield Action.GRANT
    if not entry.get("project_marked", True):
        yield Action.MARK_PROJECT
    if not entry.get("user_marked", True):
        yield Action.MARK_USER


def projects_with_admin(entry: Entry) -> list[str]:
    """Returns the ids of Concertim's projects where the user holds the role admin, and should not."""
    own = [entry["project_id"]] if ADMIN in own_roles(entry) else []
    if settings.current().team_roles.admin == ADMIN:
        return own
    # What a group holds concerns others, too.
    held = [one for one in entry.get("elsewhere", ()) if one["managed"] and "group_id" not in one]
    return [*own, *(one["scope"].removeprefix("project ") for one in held if one["role"] == ADMIN)]


def _why_leave_alone(entry: Entry, wanted: Wanted, people: People) -> str:
    codes = {one["code"]: one["message"] for one in entry["problems"]}
    if "roles_outside" in codes and entry.get("user_id") not in people.named:
        return f"{codes['roles_outside']} Name the user to repair them all the same."
    for code in ("two_for_one_login", "two_for_one_team", "mark_and_name_disagree", "disabled"):
        if code in codes:
            return f"{codes[code]} An operator has to decide."
    if "project_id" not in entry and is_half_made(entry, wanted) and not people.may_remove(entry["user_id"]):
        # Keystone takes the default project from a user when it is removed, so a finished sign-up may look like this.
        return (
            "The next sign-up of this login goes on with the user. To remove the user, name them (--named-user), or"
            " remove all who have no project and no role (--remove-half-made)."
        )
    if entry["kind"] == "person" and "user_id" not in entry:
        return "No user of this login exists. The next sign-up of this login goes on with the project."
    if "project_id" not in entry and not entry["user_marked"] and not needs_no_project(entry):
        return (
            "There is no project of this login, and the user holds no role. The next sign-up of this login mends that."
        )
    return _whose_is_unclear(entry, wanted, people.managed) or ("" if _is_old(entry) else _YOUNG)


_YOUNG = "It was made less than six hours ago, and may be just being finished."


def _whose_is_unclear(entry: Entry, wanted: Wanted, managed: Collection[str]) -> str:
    """Returns why the names alone do not tell that what has no mark is Concertim's, and this login's or team's."""
    if entry.get("project_marked", True) or own_roles(entry):
        return ""
    if entry["project_id"] == entry.get("default_project_id"):
        return ""
    accounts = {account for _, account in wanted.of_accounts}
    holders = {one.get("user_id", "") for one in entry.get("grants", ())}
    if holders <= accounts:
        # Nobody has it yet.
        return ""
    owners = {one for kind in (marks.PROJECT, marks.TEAM) for one in names.legacy_owners(kind, entry["project_name"])}
    if len(owners) > 1:
        told = " and ".join(f"{'team' if kind == marks.TEAM else 'login'} {name}" for kind, name in sorted(owners))
        return f"The project's name fits {shown(told)}. An operator has to decide."
    if not holders & {*managed, *accounts}:
        return "Others than Concertim's users and accounts hold all roles on the project. An operator has to decide."
    return ""


def _is_old(entry: Entry) -> bool:
    if not entry.get("user_marked", True):
        # The older service made the user. A repair that was interrupted may just have marked the project.
        return True
    times = [marks.time_in({"at": entry.get(name, "")}, "at") for name in ("user_created", "project_created")]
    return all(datetime.now(UTC) - one > OLD_ENOUGH for one in times if one)


def told(plan: Plan, action: str = "") -> Repair:
    """Returns what the answer says of an action, or of why the entry is left alone."""
    of_whom = {name: value for name, value in plan.entry.items() if name in _OF_WHOM}
    return cast(Repair, {**of_whom, **({"action": action} if action else {"left_alone": shown(plan.left_alone)})})
