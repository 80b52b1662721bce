"""The options of `python handler.py`, and what `--help` says of them."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lib import VERSION
from lib.command_line import serve
from lib.settings.loading import DEFAULT_PATH
from lib.settings.values import host_and_port

STANDARD_INPUT = "-"

EXIT_CODES = """\
exit codes:
  0   done, or stopped as told; for call: the answer is a 2xx
  1   a bug
  2   wrong options, or a file that they name cannot be read or has a mistake
  4   for call: the answer is a 4xx, so nothing was changed
  5   for call: the answer is a 5xx: repeat the same call once the problem in the message is solved
      for call --csv: the worst of all answers; 5, too, where an interrupt left rows untried
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

With --csv, it calls the function for each row of a list, five at a time, and prints a line of JSON when each ends.
The first row of the list names fields of the request. The same command again finishes what is not done.

example:
  echo '{"username": "ann", "password": "…"}' | python handler.py call create_user_project
  python handler.py call create_user_project --csv people.csv >answers.jsonl"""
OPENAPI = """\
Prints the contract in OpenAPI 3.1, as GET /openapi.json answers it, for generators of clients.

example:
  python handler.py openapi >openapi.json"""
CHECK_SETTINGS = """\
Says whether the service would start with the settings, what they set, and what they leave open.

example:
  python handler.py check-settings --config config.yaml"""


def parser_of(functions: Iterable[str]) -> argparse.ArgumentParser:
    """Returns what parses the arguments. These functions can be called."""
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

    _add_listen(_command(commands, "serve", "serves the functions over HTTP", SERVE), argparse.SUPPRESS)
    _add_call(_command(commands, "call", "calls one function", CALL), functions)
    _command(commands, "openapi", "prints the contract in OpenAPI 3.1", OPENAPI)
    _command(commands, "check-settings", "says whether the service would start", CHECK_SETTINGS)
    return parser


def _command(commands: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.set_defaults(command=name)
    # The option may stand before the command, too.
    _add_config(added, argparse.SUPPRESS)
    return added


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


def _add_call(parser: argparse.ArgumentParser, functions: Iterable[str]) -> None:
    names = sorted(functions)
    parser.add_argument("function", metavar="FUNCTION", choices=names, help=", ".join(names))
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "request",
        metavar="FILE",
        nargs="?",
        default=_request(STANDARD_INPUT),
        type=_request,
        help="the request as JSON (default: -, which is standard input)",
    )
    source.add_argument(
        "--csv",
        metavar="LIST",
        type=_request,
        help="call the function for each row of this CSV file (-: standard input), whose first row names the fields",
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
    """Returns what reads the text. A file is read at once, so that one which cannot be read is a wrong option."""
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
