"""The commands of `python handler.py`, with their options."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from lib import VERSION, settings
from lib.command_line import serve
from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS
from lib.command_line.output import put
from lib.endpoint import Endpoint
from lib.errors import Misconfigured
from lib.serving import startup
from lib.serving.routing import Routes
from lib.serving.wsgi import Application
from lib.settings.loading import DEFAULT_PATH, PATH_VARIABLE
from lib.settings.values import host_and_port

STANDARD_INPUT = "-"

Contract = dict[str, Any]
Command = Callable[[argparse.Namespace], int]

EXIT_CODES = """\
exit codes:
  0   done, or stopped as told; for call: the answer is a 2xx
  1   a bug
  2   wrong options, or a request's file cannot be read
  4   for call: the answer is a 4xx, so nothing was changed
  5   for call: the answer is a 5xx: repeat the same call once the problem in the message is solved
  69  for serve: the address cannot be listened on
  78  a mistake in the settings
  130, 143  for call: interrupted before anything was asked"""
SERVE = """\
Serves the functions over HTTP until SIGTERM or SIGINT.

example:
  python handler.py serve --config config.yaml --listen 127.0.0.1:42356"""
CALL = """\
Calls one function and prints the body of its answer. The request is a JSON object, in a file or on standard input.
The log goes to its file and to standard error.

Where the request has no cloud_env, it is made of the variables OS_AUTH_URL, OS_PASSWORD, OS_USERNAME and so on, as the
openstack command has them: source the openrc file of the account first. No secret is ever an argument, because
every user of the machine can read the arguments.

example:
  echo '{"username": "ann", "password": "…"}' | python handler.py call create_user_project"""
OPENAPI = """\
Prints the contract in OpenAPI 3.1, as GET /openapi.json answers it, for generators of clients.

example:
  python handler.py openapi >openapi.json"""
CHECK_SETTINGS = """\
Says whether the service would start with the settings, what they set, and what they leave open.

example:
  python handler.py check-settings --config config.yaml"""


def main(application: Application, routes: Routes, contract: Callable[[], Contract]) -> NoReturn:
    """Does what the arguments say, and exits. `contract` returns the OpenAPI document of all that is served."""
    commands: dict[str, Command] = {
        "serve": lambda options: serve.serve(application, options.listen or serve.default_address()),
        "call": lambda options: _call(routes, options),
        "check-settings": _check_settings,
        "openapi": lambda _: _print_contract(contract),
    }
    options = _parser(routes).parse_args()
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

    function = _functions(routes)[options.function]
    find = cloud_env.from_config_file if options.cloud_env_from_config else cloud_env.from_environment
    return call_function.call_function(function, options.request, find)


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


def _parser(routes: Routes) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="handler.py",
        description="Creates, changes and removes OpenStack users and projects for Concertim."
        " Without a command, it serves.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"UserHandler {VERSION}")
    _add_config(parser, None)
    _add_listen(parser, None)
    parser.set_defaults(command="serve")
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name: str, help_: str, description: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=help_,
            description=description,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=name)
        # The option may stand before the command, too.
        _add_config(added, argparse.SUPPRESS)
        return added

    _add_listen(command("serve", "serves the functions over HTTP", SERVE), argparse.SUPPRESS)
    _add_call(command("call", "calls one function", CALL), routes)
    command("openapi", "prints the contract in OpenAPI 3.1", OPENAPI)
    command("check-settings", "says whether the service would start", CHECK_SETTINGS)
    return parser


def _add_config(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--config", metavar="FILE", type=_file, default=default, help=f"the settings (default: {DEFAULT_PATH})"
    )


def _add_listen(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        type=_address,
        default=default,
        help=f"where to serve (default: all addresses, and the port in the variable {serve.PORT_VARIABLE} or"
        f" {serve.PORT})",
    )


def _add_call(parser: argparse.ArgumentParser, routes: Routes) -> None:
    names = sorted(_functions(routes))
    parser.add_argument("function", metavar="FUNCTION", choices=names, help=", ".join(names))
    parser.add_argument(
        "request",
        metavar="FILE",
        nargs="?",
        default=STANDARD_INPUT,
        type=_request,
        help="the request as JSON (default: -, which is standard input)",
    )
    parser.add_argument(
        "--cloud-env-from-config",
        action="store_true",
        help="take a missing cloud_env from the section openstack of the settings file, not from the variables",
    )


def _file(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("names no file")
    return text


def _request(text: str) -> Callable[[], bytes]:
    """Returns what reads the request. A file is read at once, so that one which cannot be read is a wrong option."""
    if text == STANDARD_INPUT:
        # It may be closed.
        return lambda: sys.stdin.buffer.read() if sys.stdin else b""
    try:
        data = Path(_file(text)).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None
    return lambda: data


def _address(text: str) -> str:
    try:
        # The service may listen at several, with a space between them.
        return " ".join([host_and_port(one) for one in text.split(" ")])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT") from None
