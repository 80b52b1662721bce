"""`python handler.py list`: shows the mapping as a table, as JSON or as a page."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lib.command_line.call_function import answer_of, begin
from lib.command_line.exit_codes import BY_STATUS_CLASS
from lib.command_line.mapping_page import write_page
from lib.command_line.output import put, put_bytes, tell
from lib.endpoint import Endpoint

_COLUMNS = {"login or team": ("login", "team"), "user": ("user_id",), "project": ("project_id",), "e-mail": ("email",)}
_Body = dict[str, Any]


def list_entries(
    function: Endpoint, form: str, with_problems: bool, find_cloud_env: Callable[[], dict[str, Any]]
) -> int:
    """Prints the answer of list_user_projects in this form, and returns the exit code for its status."""
    begin()
    cloud_env = find_cloud_env()
    status, body = answer_of(function, {"cloud_env": cloud_env}, dict)
    assert isinstance(body, dict)  # noqa: S101 - this function answers nothing else
    if "entries" not in body:
        put(json.dumps(body, indent=2))
        return BY_STATUS_CLASS[status // 100]
    if with_problems:
        body["entries"] = [one for one in body["entries"] if one["problems"]]
    if form == "html":
        put_bytes(lambda out: write_page(body, cloud_env["auth_url"], out))
    else:
        put_bytes(lambda out: out.writelines(piece.encode() for piece in _PIECES[form](body)))
    tell(_summary(body))
    return BY_STATUS_CLASS[status // 100]


def _table(body: _Body) -> Iterator[str]:
    entries = body["entries"]
    widths = [max([len(column), *(len(_first(one, names)) for one in entries)]) for column, names in _COLUMNS.items()]
    yield _row([*_COLUMNS], widths, "problems")
    for entry in entries:
        codes = dict.fromkeys(one["code"] for one in entry["problems"])
        yield _row([_first(entry, names) for names in _COLUMNS.values()], widths, ", ".join(codes))


def _row(cells: Sequence[str], widths: Sequence[int], last: str) -> str:
    return "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), last]).rstrip() + "\n"


def _first(entry: dict[str, str], names: tuple[str, ...]) -> str:
    return next((entry[name] for name in names if name in entry), "-")


def _json(body: _Body) -> Iterator[str]:
    # With an indent, it is made in pieces.
    yield from json.JSONEncoder(indent=2).iterencode(body)
    yield "\n"


_PIECES: dict[str, Callable[[_Body], Iterator[str]]] = {"table": _table, "json": _json}


def _summary(body: _Body) -> str:
    counts = body["counts"]
    told = f"{counts['people']} people, {counts['teams']} teams; {counts['with_problems']} with problems."
    return told if body["complete"] else f"{told} Keystone has cut its lists, so there are more."
