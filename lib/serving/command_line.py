"""`python handler.py`: its options, and the service from its start until somebody says stop."""

import argparse
import os
import signal
import socket
import sys
from typing import NoReturn

from lib import settings
from lib.call import log, shutdown
from lib.errors import Misconfigured
from lib.keystone.connect import load_ahead
from lib.serving import startup
from lib.serving.server import FLUSH_SECONDS, Server
from lib.serving.wsgi import Application
from lib.settings.loading import DEFAULT_PATH, PATH_VARIABLE

PORT = 42356
# In this variable, Cloud Run, Knative and OpenFaaS tell a container on which port to listen.
PORT_VARIABLE = "PORT"
# A supervisor can tell what a later start may solve from what it cannot. argparse itself exits with 2.
MISTAKE_IN_SETTINGS, CANNOT_LISTEN = os.EX_CONFIG, os.EX_UNAVAILABLE


def main(application: Application) -> None:
    """Serves until SIGTERM or SIGINT. Does not start with settings or an address that cannot be used."""
    options = _options()
    if options.config:
        os.environ[PATH_VARIABLE] = options.config
    try:
        ours = settings.current()
    except Misconfigured as error:
        _give_up(MISTAKE_IN_SETTINGS, error.message)
    startup.prepare()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: shutdown.begin(ours.stop_grace - FLUSH_SECONDS))
    try:
        server = Server(application, options.listen, ours)
    except (OSError, ValueError) as error:
        _give_up(CANNOT_LISTEN, f"Cannot listen on {options.listen}: {error}")
    log.logger.info("listening on %s", server.addresses)
    load_ahead()
    server.serve_until_stopped()


def _give_up(code: int, why: str) -> NoReturn:
    print(why, file=sys.stderr)
    sys.exit(code)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="handler.py", description="Creates OpenStack users for Concertim.")
    parser.add_argument("--config", metavar="FILE", type=_file, help=f"the settings (default: {DEFAULT_PATH})")
    listen = parser.add_argument("--listen", metavar="HOST:PORT", type=_address)
    listen.help = f"where to serve (default: all addresses, and the port in the variable {PORT_VARIABLE} or {PORT})"
    options = parser.parse_args()
    options.listen = options.listen or default_address()
    return options


def default_address() -> str:
    """Returns all addresses of this machine, of both families, with our port or the one that the environment names."""
    port = os.environ.get(PORT_VARIABLE) or str(PORT)
    if not _is_port(port):
        _give_up(MISTAKE_IN_SETTINGS, f"The environment variable {PORT_VARIABLE} names no port: {port!r}")
    return f"0.0.0.0:{port} [::]:{port}" if _has_ipv6() else f"0.0.0.0:{port}"


def _has_ipv6() -> bool:
    """Whether this machine has an IPv6 address: a kernel may lack it, and an administrator may have switched it off."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _file(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("names no file")
    return text


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not _is_port(port):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return text


def _is_port(text: str) -> bool:
    return text.isdecimal() and int(text) <= 65535
