"""The mark that says of a Keystone user or project that Concertim made it, and for whom."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lib import call

# The tag that finds every project of ours: GET /v3/projects?tags=concertim. Users have no tags in Keystone.
PROJECT_TAG = "concertim"

USER = "user"
PROJECT = "project"


def mark(kind: str, name: str) -> dict[str, str]:
    """The attributes to write with the create itself: what it is, for whom, since when, by which request."""
    return {
        "concertim_kind": kind,
        "concertim_name": name,
        "concertim_created": datetime.now(UTC).isoformat(timespec="seconds"),
        **claim(),
    }


def claim() -> dict[str, str]:
    """The attribute that says which request made the object, or took it over to finish it."""
    return {"concertim_request": call.current().request_id}


def read(attributes: Mapping[str, Any]) -> tuple[str, str] | None:
    """The (kind, name) that an object is marked with, or None if it has no mark."""
    kind, name = attributes.get("concertim_kind"), attributes.get("concertim_name")
    return (str(kind), str(name)) if kind is not None else None
