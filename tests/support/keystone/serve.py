"""Serves Keystone on a loopback port until standard input closes (runs in Keystone's own virtual environment)."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from waitress.server import create_server

# Keystone parses sys.argv for options of its own.
port, sys.argv = int(sys.argv[1]), sys.argv[:1]

from keystone.server.wsgi import initialize_public_application  # noqa: E402


def lock_at_once(*call: Any) -> tuple[str, Any]:
    """Makes a transaction wait for SQLite's one lock when it begins.

    One that reads first and then writes is refused otherwise ("database is locked", a 500) whenever another
    wrote in between. MariaDB, which clouds have, locks rows and does not show this.
    """
    statement, parameters = call[2:4]
    return "BEGIN IMMEDIATE" if statement == "BEGIN" else statement, parameters


if "sqlite" in (Path(os.environ["OS_KEYSTONE_CONFIG_DIR"]) / "keystone.conf").read_text():
    event.listen(Engine, "before_cursor_execute", lock_at_once, retval=True)
server: Any = create_server(initialize_public_application(), host="127.0.0.1", port=port, threads=16)
print(server.effective_port, flush=True)


def stop_with_the_parent() -> None:
    """The pipe closes when whoever started us is gone, however it died."""
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=stop_with_the_parent, daemon=True).start()
server.run()
