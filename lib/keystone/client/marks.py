"""The mark that says of a Keystone user or project that Concertim manages it, and for whom."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lib import call

# This tag finds every managed project: GET /v3/projects?tags=concertim. Keystone has no tags for users.
PROJECT_TAG = "concertim"

# The kinds of what is managed: a login's user, a login's project, a team's project.
USER = "user"
PROJECT = "project"
TEAM = "team"


def mark(kind: str, name: str) -> dict[str, str]:
    """Returns the attributes to create an object with: its kind, for whom it is, since when, by which request."""
    return {
        "concertim_kind": kind,
        "concertim_name": name,
        "concertim_created": datetime.now(UTC).isoformat(timespec="seconds"),
        **last_request(),
    }


def last_request(purpose: str = "") -> dict[str, str]:
    """Returns the attribute that names this request as the last one to create, claim or give a password.

    `purpose` follows the id, so that the claim of the request that created the user differs from the user's mark.
    """
    return {"concertim_request": f"{call.current().request_id} {purpose}".strip()}


# The attribute of a user who was reported to the UI without a project. No sign-up takes them back.
REPORTED = {"concertim_finished": "yes"}
# Keystone merges what a change sends with what it has, so an attribute can be emptied and not removed.
NOT_CLAIMED = {"concertim_claimed": ""}


def claimed_now(purpose: str = "") -> dict[str, str]:
    """Returns the attributes by which this request claims a user: its id, and the time."""
    return {**last_request(purpose), "concertim_claimed": _now()}


def taken_over_now() -> dict[str, str]:
    """Returns the attributes with which this request sets a password and ends its claim: its id, and the time."""
    return {**last_request(), **NOT_CLAIMED, "concertim_taken_over": _now()}


def time_in(attributes: Mapping[str, Any], name: str) -> datetime | None:
    """Returns the time in this attribute, if it holds one. Other text was written neither by us nor by Keystone."""
    try:
        since = datetime.fromisoformat(str(attributes.get(name, "")))
    except ValueError:
        return None
    return since if since.tzinfo else since.replace(tzinfo=UTC)


def mark_in(attributes: Mapping[str, Any]) -> tuple[str, str] | None:
    """Returns the (kind, name) that an object is marked with, or None if it has no mark."""
    kind, name = attributes.get("concertim_kind"), attributes.get("concertim_name")
    if kind is None:
        return None
    # Half a mark, or one that is no text, was not written by us: then the object is nobody's.
    if not (isinstance(kind, str) and isinstance(name, str) and name):
        return ("", "")
    # Once in memory, as a list has the same kind thousands of times.
    return (sys.intern(kind), name)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
