"""Puts many people into the database of a Keystone, as sign-ups would leave them: by calls, that would take hours."""

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

CREATED = "2026-03-01T09:30:00+00:00"


def fill(folder: Path, people: int) -> None:
    """Adds so many finished sign-ups to the SQLite database of the Keystone in this folder."""
    with sqlite3.connect(folder / "keystone.db") as database:
        ids = dict(database.execute("SELECT name, user_id FROM local_user"))
        # There is an account admin, and a role.
        ids["account"] = ids["admin"]
        ids |= dict(database.execute("SELECT name, id FROM role"))
        for number in range(people):
            _sign_up(database, ids, f"person-{number:06}")


def _sign_up(database: sqlite3.Connection, ids: Mapping[str, str], login: str) -> None:
    user, project = uuid.uuid4().hex, uuid.uuid4().hex
    about = {"concertim_name": login, "concertim_created": CREATED, "concertim_request": f"req-{uuid.uuid4()}"}
    person = {"concertim_kind": "user", "email": f"{login}@site.example", "concertim_full_name": f"The {login}"}
    _insert(
        database,
        "user",
        {
            "id": user,
            "extra": json.dumps({**about, **person}),
            "enabled": True,
            "default_project_id": project,
            "created_at": str(datetime.fromisoformat(CREATED).replace(tzinfo=None)),
            "domain_id": "default",
        },
    )
    account = {"user_id": user, "domain_id": "default", "name": f"concertim_{login}", "failed_auth_count": 0}
    _insert(database, "local_user", account)
    _insert(
        database,
        "project",
        {
            "id": project,
            "name": f"concertim_{login}_project",
            "extra": json.dumps({**about, "concertim_kind": "project"}),
            "description": "",
            "enabled": True,
            "domain_id": "default",
            "parent_id": "default",
            "is_domain": False,
        },
    )
    _insert(database, "project_tag", {"project_id": project, "name": "concertim"})
    for role, actor in _grants(ids, user):
        held = {
            "type": "UserProject",
            "actor_id": actor,
            "target_id": project,
            "role_id": ids[role],
            "inherited": False,
        }
        _insert(database, "assignment", held)


def _grants(ids: Mapping[str, str], user: str) -> Iterator[tuple[str, str]]:
    yield from [("member", user), ("watcher", ids["concertim"]), ("member", ids["concertim"])]
    yield "admin", ids["account"]


def _insert(database: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    names, places = ", ".join(row), ", ".join("?" for _ in row)
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", [*row.values()])
