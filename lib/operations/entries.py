"""An entry of the mapping: how it is made of a user and a project."""

from typing import cast

from lib.answer.operations import Entry
from lib.keystone.client import marks
from lib.keystone.client.resources import Project, User


def whose(entry: Entry) -> tuple[str, str]:
    """Returns `marks.PROJECT` and the login, or `marks.TEAM` and the team."""
    return (marks.TEAM, entry["team"]) if entry["kind"] == "team" else (marks.PROJECT, entry["login"])


def of_owner(owner: tuple[str, str]) -> Entry:
    """Returns the entry of a login or team before anything is known of it."""
    kind, name = owner
    return {"kind": "team", "team": name} if kind == marks.TEAM else {"kind": "person", "login": name}


def of_user(login: str, user: User) -> Entry:
    """Returns the entry of a user whose project is not known yet."""
    entry: Entry = {
        "kind": "person",
        "login": login,
        "user_id": user.id,
        "user_name": user.name,
        "user_enabled": user.enabled,
        "user_marked": user.mark is not None,
    }
    if user.reported:
        entry["user_reported"] = True
    known = {
        "email": user.email,
        "full_name": user.full_name,
        "user_created": user.created,
        "user_request_id": user.last_request,
        "default_project_id": user.default_project_id,
    }
    entry.update(cast(Entry, {name: value for name, value in known.items() if value}))
    return entry


def add_project(entry: Entry, project: Project) -> None:
    """Adds the project to the entry of its user or team."""
    entry["project_id"] = project.id
    entry["project_name"] = project.name
    entry["project_enabled"] = project.enabled
    entry["project_marked"] = project.mark is not None
    # What equals the user's is one text in memory.
    if project.created:
        same = entry.get("user_created") == project.created
        entry["project_created"] = entry["user_created"] if same else project.created
    if project.last_request:
        same = entry.get("user_request_id") == project.last_request
        entry["project_request_id"] = entry["user_request_id"] if same else project.last_request
    if entry.get("default_project_id") == project.id:
        entry["default_project_id"] = project.id
