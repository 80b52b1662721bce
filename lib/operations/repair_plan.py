"""What a repair does to an entry of the mapping, and which entries it leaves alone."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import cast

from lib.answer.operations import Entry, Repair
from lib.call.masking import shown
from lib.keystone.client import marks
from lib.operations.findings import ADMIN, Wanted, is_half_made, missing_grants, own_roles

# A sign-up is repeated by the UI for five hours at most. Whatever is younger may still be at work.
OLD_ENOUGH = timedelta(hours=6)
_OF_WHOM = ("kind", "login", "team", "user_id", "project_id")


class Action(Enum):
    """One change. The value is what is told of it."""

    MARK_USER = "Mark the user"
    MARK_PROJECT = "Mark the project"
    GRANT = "Grant the roles that are missing"
    REPLACE_ADMIN = "Replace the role admin of the user"
    REMOVE_USER = "Remove the user of a sign-up that was not finished, or whose project was removed since"
    REMOVE_PROJECT = "Remove the project of a sign-up that was not finished"


@dataclass(frozen=True)
class Plan:
    """What to do with an entry, in this order."""

    entry: Entry
    actions: tuple[Action, ...] = ()
    left_alone: str = ""
    """Why nothing is done, although something is wrong."""


def plan_for(entry: Entry, wanted: Wanted, named: Collection[str]) -> Plan | None:
    """Returns what to do with the entry, or None where nothing is wrong that a repair can mend.

    `named` are the ids of users who are repaired although they hold roles outside Concertim's projects.
    """
    actions = tuple(_actions(entry, wanted))
    if not actions:
        return None
    reason = _why_leave_alone(entry, named)
    return Plan(entry, left_alone=reason) if reason else Plan(entry, actions)


def _actions(entry: Entry, wanted: Wanted) -> Iterator[Action]:
    if is_half_made(entry) and entry["kind"] == "person" and not ("user_id" in entry and "project_id" in entry):
        # Nobody was told of it, and nobody can have used it. The next sign-up makes it anew.
        yield Action.REMOVE_USER if "user_id" in entry else Action.REMOVE_PROJECT
        return
    if not entry.get("user_marked", True):
        yield Action.MARK_USER
    if not entry.get("project_marked", True):
        yield Action.MARK_PROJECT
    if missing_grants(entry, wanted):
        yield Action.GRANT
    on_managed = [one["role"] for one in entry.get("elsewhere", ()) if one["managed"]]
    if ADMIN in (*own_roles(entry), *on_managed):
        yield Action.REPLACE_ADMIN


def _why_leave_alone(entry: Entry, named: Collection[str]) -> str:
    codes = {one["code"]: one["message"] for one in entry["problems"]}
    outside = "roles_outside" in codes and entry.get("user_id") not in named
    if outside:
        return f"{codes['roles_outside']} Name the user to repair them all the same."
    for code in ("two_for_one_login", "two_for_one_team", "mark_and_name_disagree", "disabled"):
        if code in codes:
            return f"{codes[code]} An operator has to decide."
    if "user_id" not in entry and entry["kind"] == "person" and not entry["project_marked"]:
        return "No user of this login exists, so nothing tells whose project it is."
    if not _is_old(entry):
        return "It was made less than six hours ago, and may be just being finished."
    return ""


def _is_old(entry: Entry) -> bool:
    times = [marks.time_in({"at": entry.get(name, "")}, "at") for name in ("user_created", "project_created")]
    return all(datetime.now(UTC) - one > OLD_ENOUGH for one in times if one)


def told(plan: Plan, action: str = "") -> Repair:
    """Returns what the answer says of an action, or of why the entry is left alone."""
    of_whom = {name: value for name, value in plan.entry.items() if name in _OF_WHOM}
    return cast(Repair, {**of_whom, **({"action": action} if action else {"left_alone": shown(plan.left_alone)})})
