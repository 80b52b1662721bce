"""Reads Keystone's lists page by page as they stream in, and keeps of each row only what is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

from lib.keystone.client.retry import asks

if TYPE_CHECKING:
    from lib.keystone.client.list_page import ListPage
    from lib.keystone.client.log_in import LogIn

# Rows. From 2025.1 on, this is Keystone's own limit (max_db_limit). Without a limit in the query, such a Keystone cuts
# the list and says nothing of the rest. An older one ignores it, and sends the whole list.
PAGE_ROWS = 1000

_Kept = TypeVar("_Kept")
Row = Mapping[str, Any]
Keep = Callable[[Row], _Kept | None]
"""Returns what is to be kept of a row, or None."""


@dataclass(frozen=True)
class Listing(Generic[_Kept]):
    """What was kept of a list."""

    rows: list[_Kept]
    complete: bool
    """Whether the list had an end. Otherwise Keystone has cut it."""


class Lists:
    """The lists at one Keystone."""

    def __init__(self, log_in: "LogIn") -> None:
        self.problem_of = log_in.problem_of
        self._get = log_in.get

    def users(self, domain_id: str, keep: Keep[_Kept]) -> Listing[_Kept]:
        """Returns what to keep of the users in this domain."""
        return self._whole("users", {"domain_id": domain_id}, keep)

    def projects(self, domain_id: str, keep: Keep[_Kept]) -> Listing[_Kept]:
        """Returns what to keep of the projects in this domain."""
        return self._whole("projects", {"domain_id": domain_id}, keep)

    def role_assignments(self, keep: Keep[_Kept]) -> Listing[_Kept]:
        """Returns what to keep of all roles that users and groups hold. To ask for the names, too, takes far longer."""
        return self._whole("role_assignments", {}, keep)

    def roles(self, keep: Keep[_Kept]) -> Listing[_Kept]:
        """Returns what to keep of the global roles."""
        return self._whole("roles", {}, keep)

    def members(self, group_id: str, keep: Keep[_Kept]) -> Listing[_Kept]:
        """Returns what to keep of the users in this group. Raises KeystoneNotFound."""
        return self._whole("users", {}, keep, f"/groups/{quote(group_id, safe='')}/users")

    def _whole(self, name: str, query: Mapping[str, str], keep: Keep[_Kept], path: str = "") -> Listing[_Kept]:
        rows: list[_Kept] = []
        query, marker = {**query, "limit": str(PAGE_ROWS)}, ""
        while True:
            page = self._page(name, {**query, "marker": marker} if marker else query, keep, path or f"/{name}")
            # Keystone's lists of roles, and of the users in a group, begin anew at each marker.
            if marker and page.next_marker == marker:
                return Listing(rows, complete=False)
            rows += page.kept
            if not page.next_marker:
                return Listing(rows, not page.is_cut)
            marker = page.next_marker

    @asks("read a list")
    def _page(self, name: str, query: Mapping[str, str], keep: Keep[_Kept], path: str) -> "ListPage[_Kept]":
        # Imported here, as most processes never list anything.
        from lib.keystone.client.list_page import ListPage

        page = ListPage(name, keep)
        self._get(path, params=query, take=page.take)
        page.end()
        return page
