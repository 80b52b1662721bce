"""`python handler.py repair`: says what a repair would change, or changes it."""

import json
from collections.abc import Callable
from typing import Any

from lib.command_line.call_function import answer_of, begin
from lib.command_line.exit_codes import BY_STATUS_CLASS
from lib.command_line.output import put, tell
from lib.command_line.progress import steps_of
from lib.endpoint import Endpoint
from lib.operations.repair import progress


def repair(function: Endpoint, request: dict[str, Any], find_cloud_env: Callable[[], dict[str, Any]]) -> int:
    """Prints each repair as a line, and returns the exit code. What one call has no time for is left to the next."""
    begin()
    request = {"cloud_env": find_cloud_env(), **request}
    with steps_of(" logins and teams") as step:
        progress.set(step)
        repairs, more = list[dict[str, str]](), True
        while more:
            status, body = answer_of(function, request, dict)
            repairs += body.get("repairs", []) if isinstance(body, dict) else []
            more = isinstance(body, dict) and bool(body.get("remaining"))
    done = [one for one in repairs if "action" in one]
    # Each call tells of what it leaves alone.
    left = list({json.dumps(one): one for one in repairs if "left_alone" in one}.values())
    lines = [_line(one) for one in (*done, *left)]
    if status < 300:
        lines = lines or ["There is nothing to repair."]
    else:
        lines.append(json.dumps(body, indent=2))
    put("\n".join(lines))
    if done and not request["apply"]:
        tell("Nothing was changed. To change it: the same command with --apply")
    return BY_STATUS_CLASS[status // 100]


def _line(repair: dict[str, str]) -> str:
    whose = f"{repair['kind']} {repair.get('login', repair.get('team'))}"
    ids = [f"{kind} {repair[f'{kind}_id']}" for kind in ("user", "project") if f"{kind}_id" in repair]
    what = repair.get("action") or f"Left alone: {repair['left_alone']}"
    return f"{whose} ({', '.join(ids)}): {what}"
