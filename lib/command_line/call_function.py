"""`python handler.py call`: calls one function, and prints its answer."""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from lib import call, settings
from lib.call import log, shutdown
from lib.command_line.exit_codes import BY_STATUS_CLASS
from lib.command_line.output import put
from lib.endpoint import Answer, Endpoint, refuse
from lib.errors import Problem
from lib.serving.body import json_object


def call_function(function: Endpoint, read: Callable[[], bytes], find_cloud_env: Callable[[], dict[str, Any]]) -> int:
    """Calls the function, prints the body of its answer, and returns the exit code for its status.

    `read` returns the request's text. It is not asked where the function takes no request. The log goes to its file and
    to standard error.
    """
    log.configure(settings.current(), sys.stderr)
    # Until then, a signal ends the command: nothing was asked.
    text = read() if function.model.model_fields else b"{}"
    end_calls_on_signals()
    status, body = _answer(function, text, find_cloud_env)
    put(body if isinstance(body, str) else json.dumps(body, indent=2))
    return BY_STATUS_CLASS[status // 100]


def begin() -> None:
    """Opens the log, which goes to its file and to standard error, and lets signals end calls."""
    log.configure(settings.current(), sys.stderr)
    end_calls_on_signals()


def end_calls_on_signals() -> None:
    """Lets a signal end every call as the stop of the service does: the answer says to repeat it."""
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: shutdown.begin(0))


def serving(function: Endpoint) -> AbstractContextManager[call.Call]:
    """Makes a new call of this function the current one. Its caller is whoever is at the command line."""
    return call.serving(function.__name__, caller=f"uid {os.getuid()} at the command line")


def answer_of(function: Endpoint, request: dict[str, Any], find_cloud_env: Callable[[], dict[str, Any]]) -> Answer:
    """Returns the answer of the function to this request, with a `cloud_env` where it has none."""
    if "cloud_env" in function.model.model_fields and request.get("cloud_env") is None:
        request = {**request, "cloud_env": find_cloud_env()}
    with serving(function):
        return function(request)


def _answer(function: Endpoint, text: bytes, find_cloud_env: Callable[[], dict[str, Any]]) -> Answer:
    with serving(function):
        try:
            request = json_object(text)
        except Problem as problem:
            return refuse(problem)
    return answer_of(function, request, find_cloud_env)
