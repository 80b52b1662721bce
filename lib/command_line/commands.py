"""The commands of `python handler.py`."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from lib import settings
from lib.command_line import serve
from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS, WRONG_USAGE
from lib.command_line.output import put, tell
from lib.command_line.parser import parser_of
from lib.endpoint import Endpoint
from lib.errors import Misconfigured
from lib.serving import startup
from lib.serving.routing import Routes
from lib.serving.wsgi import Application
from lib.settings.loading import PATH_VARIABLE

Contract = dict[str, Any]
Command = Callable[[argparse.Namespace], int]


def main(application: Application, routes: Routes, contract: Callable[[], Contract]) -> NoReturn:
    """Does what the arguments say, and exits. `contract` returns the OpenAPI document of all that is served."""
    commands: dict[str, Command] = {
        "serve": lambda options: serve.serve(application, options.listen or serve.default_address()),
        "call": lambda options: _call(routes, options),
        "check-settings": _check_settings,
        "openapi": lambda _: _print_contract(contract),
    }
    options = parser_of(_functions(routes)).parse_args()
    if options.config:
        os.environ[PATH_VARIABLE] = options.config
    try:
        sys.exit(commands[options.command](options))
    except Misconfigured as error:
        startup.tell_mistakes(error, sys.stdout if options.command == "serve" else sys.stderr)
        sys.exit(MISTAKE_IN_SETTINGS)


def _call(routes: Routes, options: argparse.Namespace) -> int:
    # Imported here, so that the service starts without them.
    from lib.command_line import call_function, cloud_env

    functions = _functions(routes)
    find = cloud_env.from_config_file if options.cloud_env_from_config else cloud_env.from_environment
    if options.csv:
        return _call_rows(functions, options, find)
    return call_function.call_function(functions[options.function], options.request, find)


def _call_rows(functions: dict[str, Endpoint], options: argparse.Namespace, find: Callable[[], dict[str, Any]]) -> int:
    from lib.command_line.call_rows import call_rows
    from lib.command_line.csv_rows import text_fields

    able = [name for name, function in sorted(functions.items()) if text_fields(function.model)]
    if options.function not in able:
        tell(f"--csv is for functions whose request is a row of texts: {', '.join(able)}")
        return WRONG_USAGE
    return call_rows(functions[options.function], options.csv, find)


def _functions(routes: Routes) -> dict[str, Endpoint]:
    return {function.__name__: function for function in routes.values()}


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
