"""The commands of `python handler.py`."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from lib import settings
from lib.command_line import serve
from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS, WRONG_USAGE
from lib.command_line.output import put, tell
from lib.command_line.parser import parser_of
from lib.endpoint import Endpoint
from lib.errors import Misconfigured
from lib.serving import startup
from lib.serving.wsgi import Application
from lib.settings.loading import PATH_VARIABLE

Contract = dict[str, Any]
Functions = Mapping[str, Endpoint]
"""Every function by its name."""
Command = Callable[[argparse.Namespace], int]


def main(application: Application, functions: Functions, contract: Callable[[], Contract]) -> NoReturn:
    """Does what the arguments say, and exits. `contract` returns the OpenAPI document of all that is served."""
    commands: dict[str, Command] = {
        "serve": lambda options: serve.serve(application, options.listen or serve.default_address()),
        "call": lambda options: _call(functions, options),
        "list": lambda options: _list(functions, options),
        "repair": lambda options: _repair(functions, options),
        "check-cloud": lambda options: _check_cloud(functions, options),
        "check-settings": _check_settings,
        "openapi": lambda _: _print_contract(contract),
    }
    options = parser_of(functions).parse_args()
    if options.config:
        os.environ[PATH_VARIABLE] = options.config
    try:
        sys.exit(commands[options.command](options))
    except Misconfigured as error:
        startup.tell_mistakes(error, sys.stdout if options.command == "serve" else sys.stderr)
        sys.exit(MISTAKE_IN_SETTINGS)


def _call(functions: Functions, options: argparse.Namespace) -> int:
    # Imported here, so that the service starts without them.
    from lib.command_line import call_function

    if options.csv:
        return _call_rows(functions, options)
    return call_function.call_function(functions[options.function], options.request, _cloud_env(options))


def _call_rows(functions: Functions, options: argparse.Namespace) -> int:
    from lib.command_line.call_rows import call_rows
    from lib.command_line.csv_rows import text_fields

    able = [name for name, function in sorted(functions.items()) if text_fields(function.model)]
    if options.function not in able:
        tell(f"--csv is for functions whose request is a row of texts: {', '.join(able)}")
        return WRONG_USAGE
    return call_rows(functions[options.function], options.csv, _cloud_env(options))


def _check_cloud(functions: Functions, options: argparse.Namespace) -> int:
    from lib.command_line.check_cloud import check_cloud

    return check_cloud(functions["check_cloud"], _cloud_env(options), as_json=options.as_json)


def _list(functions: Functions, options: argparse.Namespace) -> int:
    from lib.command_line.list_entries import list_entries

    return list_entries(functions["list_user_projects"], options.format, options.with_problems, _cloud_env(options))


def _repair(functions: Functions, options: argparse.Namespace) -> int:
    from lib.command_line.repair import repair

    request = {
        "apply": options.apply,
        "named_user_ids": options.named_users,
        "remove_half_made": options.remove_half_made,
        "most_percent": options.most_percent,
    }
    return repair(functions["repair_user_projects"], request, _cloud_env(options))


def _cloud_env(options: argparse.Namespace) -> Callable[[], dict[str, Any]]:
    """Returns what finds the account that a request does not name."""
    from lib.command_line import cloud_env

    return cloud_env.finder(options.cloud_env_from_config)


def _check_settings(_: argparse.Namespace) -> int:
    try:
        ours = settings.current()
        serve.check_address(serve.default_address(), ours)
    except Misconfigured as error:
        put("\n".join(f"CRITICAL: {mistake}" for mistake in error.message.splitlines()))
        return MISTAKE_IN_SETTINGS
    told = [*startup.to_tell(ours), *startup.doubts_of_files(ours)]
    put("\n".join([*(f"{level}: {text}" for level, text in told), "The service would start with these settings."]))
    return 0


def _print_contract(contract: Callable[[], Contract]) -> int:
    put(json.dumps(contract(), indent=2))
    return 0
