"""The mark that says of a Keystone user or project that Concertim made it, and for whom."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lib import call

# The tag that finds every project of ours: GET /v3/projects?tags=concertim. Users have no tags in Keystone.
PROJECT_TAG = "concertim"

# What a thing of ours is: a login's user, a login's project, a team's project.
USER = "user"
PROJECT = "project"
TEAM = "team"


def mark(kind: str, name: str) -> dict[str, str]:
    """The attributes to write with the create itself: what it is, for whom, since when, by which request."""
    return {
        "concertim_kind": kind,
        "concertim_name": name,
        "concertim_created": datetime.now(UTC).isoformat(timespec="seconds"),
        **claim(),
    }


def finished() -> dict[str, str]:
    """The attribute of a user that was reported as it is, without a project: no sign-up takes it back."""
    return {"concertim_finished": "yes"}


def claim(purpose: str = "") -> dict[str, str]:
    """The attribute that says which request made the object, or took it over to finish or remove it."""
    return {"concertim_request": f"{call.current().request_id} {purpose}".strip()}


# Keystone merges what a change sends with what it has, so an attribute can be emptied and not removed.
NOT_CLAIMED = {"concertim_claimed": ""}


def claimed_now(purpose: str = "") -> dict[str, str]:
    """The attributes of a user whom this request is about to take over, or to remove: who, and since when."""
    return {**claim(purpose), "concertim_claimed": _now()}


def taken_over() -> dict[str, str]:
    """The attributes of a user whom this request has taken over: by whom, when, and that the claim has ended."""
    return {**claim(), **NOT_CLAIMED, "concertim_taken_over": _now()}


def time_of(attributes: Mapping[str, Any], what: str) -> datetime | None:
    """When a user was claimed or taken over, if so. What is no time is not of our making, and says nothing."""
    try:
        since = datetime.fromisoformat(str(attributes.get(f"concertim_{what}", "")))
    except ValueError:
        return None
    return since if since.tzinfo else since.replace(tzinfo=UTC)


def read(attributes: Mapping[str, Any]) -> tuple[str, str] | None:
    """The (kind, name) that an object is marked with, or None if it has no mark."""
    kind, name = attributes.get("concertim_kind"), attributes.get("concertim_name")
    if kind is None:
        return None
    # Half a mark, or one that is no text, is not of our making: it makes the object nobody's.
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) and name else ("", "")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
