"""Repairs the mapping: does what the plan says, to each entry by itself, so that it can be interrupted and repeated."""

import logging
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar

from lib import call
from lib.answer.operations import Entry, UserProjectsRepaired
from lib.call import log
from lib.call.masking import shown, shown_name
from lib.errors import NameTaken, NotConcertims, NotFound, StateConflict, Unfinished
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.operations.entries import whose
from lib.operations.findings import Wanted
from lib.operations.mapping import Mapping
from lib.operations.repair_plan import Action, People, Plan, plan_for, told
from lib.operations.repair_steps import DO

# Seconds of the call's time that must be left before another entry is begun.
RESERVE = 5
# So many entries may always be changed, whatever share of all they are.
ALWAYS_ALLOWED = 10


Progress = Callable[[int, int], None]
"""Is told how many of how many logins and teams are done."""
progress: ContextVar[Progress] = ContextVar("progress", default=lambda done, of: None)
"""Who is told of the progress of a repair in this context: the command line."""


def plans_for(
    mapping: Mapping, wanted: Wanted, named: Collection[str], *, remove_half_made: bool = False
) -> list[Plan]:
    """Returns what to do. Raises StateConflict where Keystone has cut a list, as what is missing there is not missing.

    Raises NotConcertims where a user who is named is in no entry.
    """
    if not mapping.complete:
        raise StateConflict(
            "Keystone has cut its lists, so this service cannot tell what is missing. In keystone.conf, raise or remove"
            " list_limit and max_db_limit."
        )
    people = People({entry["user_id"] for entry in mapping.entries if "user_id" in entry}, named, remove_half_made)
    unknown = {*named} - {*people.managed}
    if unknown:
        raise NotConcertims(f"These users are not managed by Concertim: {shown(', '.join(sorted(unknown)))}.")
    plans = (plan_for(entry, wanted, people) for entry in mapping.entries)
    return [plan for plan in plans if plan]


def check_share(plans: Sequence[Plan], of: int, most_percent: int) -> None:
    """Raises StateConflict where the plan changes more entries than may be changed at once."""
    changed = sum(not plan.left_alone for plan in plans)
    if changed > max(ALWAYS_ALLOWED, of * most_percent // 100):
        raise StateConflict(
            f"This would change {changed} of {of} logins and teams, which is more than {most_percent} percent. Look at"
            " the plan. If it is right, repeat with a larger most_percent (--most-percent)."
        )


def planned(plans: Sequence[Plan]) -> UserProjectsRepaired:
    """Returns the answer to a dry run."""
    return _answer(plans, applied=False, remaining=0)


def applied(cloud: Connection, plans: Sequence[Plan], wanted: Wanted) -> UserProjectsRepaired:
    """Carries out the plans, as far as the time of the call lasts."""
    tell, this, done, begun = progress.get(), call.current(), list[Plan](), 0
    for plan in plans:
        # The first is always begun. Otherwise a call whose time is short would never get further.
        if not plan.left_alone and begun and this.seconds_left() < RESERVE:
            break
        begun += not plan.left_alone
        done.append(plan if plan.left_alone else _carried_out(cloud, plan, wanted))
        tell(len(done), len(plans))
    return _answer(done, applied=True, remaining=len(plans) - len(done))


def _answer(plans: Sequence[Plan], *, applied: bool, remaining: int) -> UserProjectsRepaired:
    repairs = [told(plan, one.value) for plan in plans for one in plan.actions]
    repairs += [told(plan) for plan in plans if plan.left_alone]
    return UserProjectsRepaired.model_construct(applied=applied, repairs=repairs, remaining=remaining)


def _carried_out(cloud: Connection, plan: Plan, wanted: Wanted) -> Plan:
    """Does all that the plan says, and writes a line about each user and project into the log."""
    done: tuple[Action, ...] = ()
    with call.current().about_one_of_many():
        _be_about(plan.entry)
        try:
            for action in plan.actions:
                DO[action](cloud, plan.entry, wanted)
                done = (*done, action)
                _log(plan.entry, logging.INFO, "repaired", f"Repaired: {action.value}")
        except (NameTaken, NotConcertims, NotFound, StateConflict, Unfinished) as why:
            # It has changed since it was listed, or Keystone keeps it. The others go on.
            _log(plan.entry, logging.WARNING, "left alone", f"Left alone: {why.message}")
            return Plan(plan.entry, done, why.message)
    return plan


def _be_about(entry: Entry) -> None:
    """Lets the log tell of this entry alone, and not of a team in which a step has found the user."""
    kind, name = whose(entry)
    ids = {"user_id": entry.get("user_id", ""), "project_id": entry.get("project_id", "")}
    known = {"team" if kind == marks.TEAM else "login": name, **ids}
    about = call.current().about
    for key in ("team", "login", *ids):
        about.pop(key, None)
    about.update({key: shown_name(value) for key, value in known.items() if value})


def _log(entry: Entry, level: int, event: str, text: str) -> None:
    _be_about(entry)
    # What the steps have noted is told by the action.
    call.current().done.clear()
    log.write(level, event, text)
