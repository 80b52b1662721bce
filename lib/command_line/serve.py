"""`python handler.py serve`: the service from its start until somebody says stop."""

import ipaddress
import os
import re
import signal
import socket

from lib import settings
from lib.call import log, shutdown
from lib.command_line.exit_codes import CANNOT_LISTEN
from lib.errors import Misconfigured
from lib.keystone.connect import load_ahead
from lib.serving import startup
from lib.serving.hang_up import HangUp
from lib.serving.server import FLUSH_SECONDS, Server
from lib.serving.wsgi import Application
from lib.settings.settings import Settings
from lib.settings.values import is_port

PORT = 42356
# In this variable, Cloud Run, Knative and OpenFaaS tell a container on which port to listen.
PORT_VARIABLE = "PORT"
# Concertim's cluster builder has its address in this variable, too.
HOST_VARIABLE = "HOST"
# The last part of a name is no number, so that a mistyped IPv4 address is none.
_NAME = re.compile(r"([A-Za-z0-9]([\w-]*[A-Za-z0-9])?\.)*(?![0-9]+$)[A-Za-z0-9]([\w-]*[A-Za-z0-9])?", re.ASCII)


def serve(application: Application, listen: str) -> int:
    """Serves until SIGTERM or SIGINT, and returns the exit code. Raises Misconfigured."""
    hang_up = HangUp()
    # Before any file is read: what is changed from now on is read again.
    signal.signal(signal.SIGHUP, hang_up.note)
    ours = settings.current()
    check_address(listen, ours)
    startup.prepare()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: shutdown.begin(ours.stop_grace - FLUSH_SECONDS))
    try:
        server = Server(application, listen, ours)
    except (OSError, ValueError) as error:
        log.logger.critical("cannot listen on %s: %s", listen, error)
        return CANNOT_LISTEN
    log.logger.info("listening on %s", server.addresses)
    load_ahead()
    server.serve_until_stopped(hang_up.heed)
    return 0


def check_address(listen: str, ours: Settings) -> None:
    """Raises Misconfigured if the metrics would take the port of the service."""
    port = listen.rpartition(":")[2]
    if int(port) and ours.metrics_listen and ours.metrics_listen.rpartition(":")[2] == port:
        raise Misconfigured(f"the setting metrics_listen has the port at which the service itself listens: {listen}")


def default_address() -> str:
    """Returns where to listen, by the environment: all addresses of both families, and our port, where it names none.

    Raises Misconfigured, with a line for each mistake.
    """
    host, port = (os.environ.get(name) for name in (HOST_VARIABLE, PORT_VARIABLE))
    in_address, mistakes = _in_address(host or "0.0.0.0"), []  # noqa: S104 - as everywhere where nothing is set
    if not in_address:
        mistakes.append(f"the environment variable {HOST_VARIABLE} names no host: {host!r}")
    if port and not is_port(port):
        mistakes.append(f"the environment variable {PORT_VARIABLE} names no port: {port!r}")
    if mistakes:
        raise Misconfigured("\n".join(mistakes))
    port = port or str(PORT)
    return f"{in_address}:{port}" if host or not _has_ipv6() else f"{in_address}:{port} [::]:{port}"


def _in_address(host: str) -> str:
    """Returns the host as it stands before a port, an IPv6 address in brackets, or an empty text if it is no host."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return host if _NAME.fullmatch(host) else ""
    if isinstance(address, ipaddress.IPv6Address):
        return f"[{bare}]"
    return host if host == bare else ""


def _has_ipv6() -> bool:
    """Whether this machine has an IPv6 address: a kernel may lack it, and an administrator may have switched it off."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
