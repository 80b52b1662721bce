"""`python handler.py check-cloud`: checks the cloud of an account, and prints what was seen and what helps."""

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

from lib.command_line.call_function import answer_of, begin
from lib.command_line.exit_codes import BY_STATUS_CLASS, NOT_READY
from lib.command_line.output import put
from lib.endpoint import Endpoint

READY = "Sign-ups, changes and removals will work, as far as calls that change nothing can show."


def check_cloud(function: Endpoint, find_cloud_env: Callable[[], dict[str, Any]], *, as_json: bool) -> int:
    """Calls the function, prints its answer for people or as JSON, and returns the exit code."""
    begin()
    status, body = answer_of(function, {}, find_cloud_env)
    if isinstance(body, dict) and "items" in body:
        put(json.dumps(body, indent=2) if as_json else _page(body["items"], body["ready"]))
        return BY_STATUS_CLASS[status // 100] if body["ready"] else NOT_READY
    put(json.dumps(body, indent=2))
    return BY_STATUS_CLASS[status // 100]


def _page(items: list[dict[str, str]], ready: bool) -> str:
    """Returns a line for each item. What helps is a line of its own below it, so that a command can be copied."""
    state, check = (max(len(item[column]) for item in items) for column in ("state", "check"))
    lines = []
    for remedy, alike in groupby(items, key=lambda item: item.get("remedy")):
        lines += [f"{item['state']:{state}}  {item['check']:{check}}  {item['message']}" for item in alike]
        lines += [f"{'':{state + check + 4}}{remedy}"] if remedy else []
    problems = sum(item["state"] == "problem" for item in items)
    return "\n".join([*lines, "", READY if ready else f"Not ready: {problems} of {len(items)} items are problems."])
