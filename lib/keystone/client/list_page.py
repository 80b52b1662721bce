"""One page of a list of Keystone's, which is read as it streams in."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

import ijson

from lib.errors import UnclearAnswer

# Bytes. Keystone itself takes no object that is longer.
LONGEST_ROW = 256 * 1024

_Kept = TypeVar("_Kept")


class ListPage(Generic[_Kept]):
    """One page: the rows that were kept, and how the list goes on."""

    def __init__(self, name: str, keep: Callable[[Mapping[str, Any]], _Kept | None]) -> None:
        self.kept: list[_Kept] = []
        self._keep, self._bytes_of_row = keep, 0
        self._rows, self._links, self._cut = ijson.sendable_list(), ijson.sendable_list(), ijson.sendable_list()
        self._parsers = [
            ijson.items_coro(self._rows, f"{name}.item"),
            ijson.items_coro(self._links, "links"),
            ijson.items_coro(self._cut, "truncated"),
        ]

    def take(self, piece: bytes) -> None:
        """Reads on."""
        try:
            for parser in self._parsers:
                parser.send(piece)
        except ijson.JSONError:
            raise _no_list() from None
        self._bytes_of_row = 0 if self._rows else self._bytes_of_row + len(piece)
        if self._bytes_of_row > LONGEST_ROW:
            raise _no_list()
        self.kept += [kept for row in self._rows if (kept := self._keep(row)) is not None]
        del self._rows[:]

    def end(self) -> None:
        """Raises UnclearAnswer unless it was a list of Keystone's, from its begin to its end."""
        try:
            for parser in self._parsers:
                parser.close()
        except ijson.JSONError:
            raise _no_list() from None
        # Keystone's lists have these, also empty ones. JSON of something else in its place has not.
        if not (len(self._links) == 1 and isinstance(self._links[0], dict) and "self" in self._links[0]):
            raise _no_list()

    @property
    def next_marker(self) -> str:
        """The id after which the next page begins, or an empty text."""
        # Its host may be another one than in auth_url, and must not be asked.
        query = parse_qs(urlsplit(str(self._links[0].get("next") or "")).query)
        return query.get("marker", [""])[0]

    @property
    def is_cut(self) -> bool:
        """Whether the list goes on, and this is its last page."""
        return bool(self._cut and self._cut[0]) or bool(self._links[0].get("next"))


def _no_list() -> UnclearAnswer:
    return UnclearAnswer(
        "cloud_env.auth_url answered with something else than a list of Keystone's, or with a part of one. Look at the"
        " path of auth_url, and at proxies before Keystone that answer by themselves or close connections."
    )
