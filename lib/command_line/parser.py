"""The options of `python handler.py`, and what `--help` says of them."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lib import VERSION
from lib.command_line import help_texts as texts
from lib.command_line import serve
from lib.settings.loading import DEFAULT_PATH
from lib.settings.values import host_and_port

STANDARD_INPUT = "-"
FORMATS = ("table", "json", "html")


def parser_of(functions: Iterable[str]) -> argparse.ArgumentParser:
    """Returns what parses the arguments. These functions can be called."""
    parser = argparse.ArgumentParser(
        prog="handler.py",
        description="Creates, changes and removes OpenStack users and projects for Concertim."
        " Without a command, it serves.",
        epilog=texts.EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"UserHandler {VERSION}")
    _add_config(parser, None)
    _add_listen(parser, None)
    parser.set_defaults(command="serve")
    commands = parser.add_subparsers(metavar="COMMAND")

    _add_listen(_command(commands, "serve", "serves the functions over HTTP", texts.SERVE), argparse.SUPPRESS)
    _add_call(_command(commands, "call", "calls one function", texts.CALL), functions)
    _add_check_cloud(_command(commands, "check-cloud", "says whether requests will work", texts.CHECK_CLOUD))
    _add_list(_command(commands, "list", "shows every user, project and team of Concertim's", texts.LIST))
    _add_repair(_command(commands, "repair", "repairs what is wrong with them", texts.REPAIR))
    _command(commands, "openapi", "prints the contract in OpenAPI 3.1", texts.OPENAPI)
    _command(commands, "check-settings", "says whether the service would start", texts.CHECK_SETTINGS)
    return parser


def _command(commands: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=texts.EXIT_CODES,
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
        help=f"where to serve (default: the address in the variable {serve.HOST_VARIABLE} or all addresses, and the"
        f" port in the variable {serve.PORT_VARIABLE} or {serve.PORT})",
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
    _add_cloud_env(parser, "a missing cloud_env")


def _add_check_cloud(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", dest="as_json", action="store_true", help="print the answer as JSON")
    _add_cloud_env(parser, "the account")


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="table", help="what to print (default: table)")
    parser.add_argument("--with-problems", action="store_true", help="leave out what has no problem")
    _add_cloud_env(parser, "the account")


def _add_repair(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--apply", action="store_true", help="change it; without this, only what would be changed is told"
    )
    parser.add_argument(
        "--named-user",
        dest="named_users",
        metavar="ID",
        action="append",
        default=[],
        help="repair this user, too, who holds roles outside Concertim's projects, or remove this user, who has no"
        " project and no role (may be given several times)",
    )
    parser.add_argument(
        "--remove-half-made", action="store_true", help="remove every user who has neither project nor role"
    )
    parser.add_argument(
        "--most-percent",
        metavar="N",
        type=int,
        default=10,
        help="change at most so many of a hundred logins and teams at once (default: 10; ten may always be changed)",
    )
    _add_cloud_env(parser, "the account")


def _add_cloud_env(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--cloud-env-from-config",
        action="store_true",
        help=f"take {what} from the section openstack of the settings file, not from the variables",
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
