"""How each action of a repair is done. Each reads again what it changes, and can be repeated."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from lib import settings
from lib.answer.operations import Entry
from lib.call.concurrency import in_parallel
from lib.errors import NotConcertims, Unfinished
from lib.keystone.accounts import prepared_ids
from lib.keystone.claims import take_back, unclaimed
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User
from lib.keystone.grants import ensure_grants, look_up_grants
from lib.keystone.listing import ADMIN
from lib.keystone.ownership import (
    Owner,
    find_managed_project,
    get_managed_project,
    get_managed_user,
    owners_of,
    refuse_disabled,
)
from lib.operations.entries import whose
from lib.operations.findings import Wanted
from lib.operations.repair_plan import Action, projects_with_admin

_Found = TypeVar("_Found", User, Project)


def _grant(cloud: Connection, entry: Entry, _: Wanted) -> None:
    user = _user(cloud, entry) if "user_id" in entry else None
    ensure_grants(cloud, look_up_grants(cloud), _project(cloud, entry), user)


def _replace_admin(cloud: Connection, entry: Entry, wanted: Wanted) -> None:
    """Grants what stands in place of admin, then revokes admin, on each project of Concertim's where it is held."""
    user = _user(cloud, entry)
    in_team = (settings.current().team_roles.admin,)
    for project_id in projects_with_admin(entry):
        project = find_managed_project(cloud, project_id)
        # Whoever has left the team since then gets no role in it again.
        if project and ADMIN in cloud.roles_of(user.id, project.id).values():
            roles = wanted.of_user if project.id == entry.get("project_id") else in_team
            admin, *ids = prepared_ids(cloud, [ADMIN, *roles])
            in_parallel([partial(cloud.grant, one, user.id, project.id) for one in ids])
            cloud.revoke(admin, user.id, project.id)


def _mark_user(cloud: Connection, entry: Entry, _: Wanted) -> None:
    user = _user(cloud, entry)
    if not user.mark:
        # The older service has told the UI of a user without a project. Without this, it would count as unfinished.
        reported = {} if "project_id" in entry else marks.REPORTED
        cloud.update_user(user.id, **marks.mark(marks.USER, entry["login"]), **reported)


def _mark_project(cloud: Connection, entry: Entry, _: Wanted) -> None:
    project = _project(cloud, entry)
    if not project.mark:
        cloud.mark_project(project, marks.mark(*whose(entry)))


def _remove_user(cloud: Connection, entry: Entry, _: Wanted) -> None:
    user = _user(cloud, entry)
    if user.reported or user.default_project_id or user.last_request != entry.get("user_request_id", ""):
        raise Unfinished("A sign-up has gone on with the user since it was listed.")
    take_back(cloud, user)


def _user(cloud: Connection, entry: Entry) -> User:
    """Returns the entry's user as it is now. Raises where it is not this login's any more, claimed or disabled."""
    user = refuse_disabled(unclaimed(cloud, get_managed_user(cloud, entry["user_id"])))
    return _still_of(user, (marks.USER, entry["login"]))


def _project(cloud: Connection, entry: Entry) -> Project:
    """Returns the entry's project as it is now. Raises where it is another's by now, or disabled."""
    return _still_of(refuse_disabled(get_managed_project(cloud, entry["project_id"])), whose(entry))


def _still_of(found: _Found, owner: Owner) -> _Found:
    if owner not in owners_of(found):
        raise NotConcertims(f"{type(found).__name__} {found.shown_id} was renamed or marked for another since.")
    return found


DO: Mapping[Action, Callable[[Connection, Entry, Wanted], None]] = {
    Action.GRANT: _grant,
    Action.REPLACE_ADMIN: _replace_admin,
    Action.MARK_USER: _mark_user,
    Action.MARK_PROJECT: _mark_project,
    Action.REMOVE_USER: _remove_user,
}
