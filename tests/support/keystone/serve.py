"""Serves Keystone on a loopback port until standard input closes; it runs in Keystone's own virtual environment."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from waitress.server import create_server

# Keystone parses sys.argv for options of its own, so the port is taken out of it.
port, sys.argv = int(sys.argv[1]), sys.argv[:1]

from keystone.server.wsgi import initialize_public_application  # noqa: E402


def lock_at_once(*call: Any) -> tuple[str, Any]:
    """Makes a transaction wait for SQLite's one lock when it begins.

    Without this, a transaction that first reads and then writes is refused ("database is locked", a 500) whenever
    another one has written in between. MariaDB, which clouds have, locks rows and does not show this.
    """
    statement, parameters = call[2:4]
    return "BEGIN IMMEDIATE" if statement == "BEGIN" else statement, parameters


if "sqlite" in (Path(os.environ["OS_KEYSTONE_CONFIG_DIR"]) / "keystone.conf").read_text():
    event.listen(Engine, "before_cursor_execute", lock_at_once, retval=True)
server: Any = create_server(initialize_public_application(), host="127.0.0.1", port=port, threads=16)
print(server.effective_port, flush=True)


def stop_with_the_parent() -> None:
    """Ends this process when the pipe closes, which happens whenever its parent process is gone, however that died."""
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=stop_with_the_parent, daemon=True).start()
server.run()
