"""The table of paths and functions, the WSGI application over it, and the waitress that hosts it."""

import argparse
import os
import sys
from typing import Any

from waitress.server import create_server

from functions.create_user_project import create_user_project
from functions.running import running
from lib import log, settings
from lib.errors import Misconfigured
from lib.wsgi import Routes, wsgi

LISTEN = "0.0.0.0:42356"

ROUTES: Routes = {
    ("GET", "/"): running,
    ("POST", "/create_user_project"): create_user_project,
}

application = wsgi(ROUTES)


def _addresses(server: Any) -> str:
    """Where waitress listens: with a host name that has several addresses, on each."""
    one = [(server.effective_host, server.effective_port)] if hasattr(server, "effective_host") else []
    return ", ".join(f"{host}:{port}" for host, port in one or server.effective_listen)


def main() -> None:
    """Serves until it is stopped; refuses to start with settings or an address that cannot be used."""
    options = argparse.ArgumentParser(description="Creates OpenStack users and projects for Concertim.")
    options.add_argument("--config", metavar="FILE", help=f"the settings (default: {settings.DEFAULT_PATH})")
    options.add_argument("--listen", metavar="HOST:PORT", default=LISTEN, help="where to serve (default: %(default)s)")
    chosen = options.parse_args()
    if chosen.config:
        os.environ[settings.PATH_VARIABLE] = chosen.config
    try:
        ours = settings.current()
        log.configure(ours)
        server = create_server(
            application,
            listen=chosen.listen,
            threads=ours.threads,
            ident="UserHandler",
            # Above our own limit, so that it is our JSON that answers a body which is too large.
            max_request_body_size=16 * ours.max_body_bytes,
        )
    except Misconfigured as error:
        sys.exit(error.message)
    except (OSError, ValueError) as error:
        sys.exit(f"Cannot listen on {chosen.listen}: {error}")
    log.logger.info("listening on %s", _addresses(server))
    server.run()


if __name__ == "__main__":
    main()
