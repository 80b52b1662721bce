"""Answers of list_user_projects about invented people and teams."""

import uuid
from typing import Any

STANDING = [
    {"role": "watcher", "user_id": uuid.uuid4().hex, "user_name": "concertim"},
    {"role": "admin", "user_id": uuid.uuid4().hex, "user_name": "admin"},
]

Entry = dict[str, Any]


def person(login: str, *problems: tuple[str, str], **changes: Any) -> Entry:
    """Returns an entry with these problems. The changes replace what it has, or leave out what is None."""
    user_id, name, request_id = uuid.uuid4().hex, f"concertim_{login}", f"req-{uuid.uuid4()}"
    entry = {
        "kind": "person",
        "login": login,
        "user_id": user_id,
        "user_name": name,
        "email": f"{login}@example.org",
        "full_name": login.title(),
        "user_enabled": True,
        "user_created": "2026-11-28T17:00:00+00:00",
        "user_request_id": request_id,
        **_project(f"{name}_project", request_id),
        "grants": [{"role": "member", "user_id": user_id, "user_name": name}, *STANDING],
    }
    return _changed(entry, problems, changes)


def team(name: str, *problems: tuple[str, str], **changes: Any) -> Entry:
    """Returns the entry of a team in the same way."""
    entry = {"kind": "team", "team": name, **_project(f"{name}_team", f"req-{uuid.uuid4()}"), "grants": [*STANDING]}
    return _changed(entry, problems, changes)


def answer(*entries: Entry, complete: bool = True) -> dict[str, Any]:
    """Returns the body of an answer that has these entries."""
    teams = sum(one["kind"] == "team" for one in entries)
    counts = {
        "people": len(entries) - teams,
        "teams": teams,
        "with_problems": sum(bool(one["problems"]) for one in entries),
    }
    return {"complete": complete, "counts": counts, "entries": [*entries]}


def _project(name: str, request_id: str) -> dict[str, Any]:
    return {
        "project_id": uuid.uuid4().hex,
        "project_name": name,
        "project_enabled": True,
        "project_created": "2026-11-28T17:00:01+00:00",
        "project_request_id": request_id,
    }


def _changed(entry: Entry, problems: tuple[tuple[str, str], ...], changes: Entry) -> Entry:
    told = [{"code": code, "message": message} for code, message in problems]
    made = entry | {"elsewhere": [], "problems": told} | changes
    return {key: value for key, value in made.items() if value is not None}
