"""`python handler.py call --csv`: calls one function for each row of a list, and prints how each ended."""

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import ValidationError

from lib import settings
from lib.call import log
from lib.call.concurrency import as_each_ends
from lib.call.masking import mask
from lib.command_line.call_function import end_calls_on_signals, serving
from lib.command_line.csv_rows import Mistakes, Row, Rows
from lib.command_line.exit_codes import WRONG_USAGE
from lib.command_line.outcome import Outcome
from lib.command_line.output import tell
from lib.command_line.progress import progress
from lib.endpoint import Answer, Endpoint
from lib.request.model import ForCloud
from lib.request.sentences import sentences

CloudEnv = dict[str, Any]


def call_rows(function: Endpoint, read: Callable[[], bytes], find_cloud_env: Callable[[], CloudEnv]) -> int:
    """Calls the function for each row of the CSV text, prints a line when each ends, and returns the exit code.

    `read` returns the text. Nothing is called where there is a mistake in it. The log goes to its file and to standard
    error.
    """
    ours = settings.current()
    try:
        rows = Rows(read(), function)
        cloud_env = _checked(find_cloud_env())
    except Mistakes as mistakes:
        tell(str(mistakes))
        return WRONG_USAGE
    log.configure(ours, sys.stderr)
    end_calls_on_signals()
    outcome = Outcome(len(rows))
    with progress(len(rows)) as step:
        call_one = partial(_call, function, rows.named_by, cloud_env)
        for row, (about, answer) in as_each_ends(call_one, rows, outcome.width):
            outcome.note(row.number, answer)
            step(_line(row, about, answer), f"{outcome.failed()} failed" if outcome.failed() else "")
    tell(outcome.summary())
    return outcome.exit_code()


def _checked(cloud_env: CloudEnv) -> CloudEnv:
    """Returns the same. Raises Mistakes if no request with it could be good."""
    request = {"cloud_env": cloud_env}
    try:
        ForCloud.model_validate(request)
    except ValidationError as error:
        raise Mistakes(sentences(error, ForCloud, request, lambda _: True)) from None
    return cloud_env


def _call(function: Endpoint, named_by: list[str], cloud_env: CloudEnv, row: Row) -> tuple[dict[str, str], Answer]:
    """Returns whom or what the row is about, and the answer."""
    with serving(function):
        answer = function(row.request | {"cloud_env": cloud_env})
        # A password may stand in the wrong column.
        return {name: mask(row.request[name]) for name in named_by if name in row.request}, answer


def _line(row: Row, about: dict[str, str], answer: Answer) -> str:
    status, body = answer
    return json.dumps({"row": row.number, **about, "status": status, **(body if isinstance(body, dict) else {})})
