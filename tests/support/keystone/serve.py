"""Serves Keystone at a host and port until standard input closes; it runs in Keystone's own Python."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import Engine
from waitress.server import create_server

# Keystone parses sys.argv for options of its own, so the address is taken out of it.
host, port, sys.argv = sys.argv[1], int(sys.argv[2]), sys.argv[:1]

from keystone.server.wsgi import initialize_public_application  # noqa: E402


def lock_at_once(*call: Any) -> tuple[str, Any]:
    """Makes a transaction wait for SQLite's one lock when it begins.

    Without this, a transaction that first reads and then writes is refused ("database is locked", a 500) whenever
    another one has written in between. MariaDB, which clouds have, locks rows and does not show this.
    """
    statement, parameters = call[2:4]
    return "BEGIN IMMEDIATE" if statement == "BEGIN" else statement, parameters


def let_read_while_writing(connection: Any, _: object) -> None:
    """Lets SQLite commit while another transaction is still reading."""
    connection.execute("PRAGMA journal_mode=WAL")


threads = 16
if "sqlite" in (Path(os.environ["OS_KEYSTONE_CONFIG_DIR"]) / "keystone.conf").read_text():
    if sqlalchemy.__version__ < "2":
        # Keystones of that time read in a second transaction while they write. A lock would wait for itself.
        threads = 1
        event.listen(Engine, "connect", let_read_while_writing)
    else:
        event.listen(Engine, "before_cursor_execute", lock_at_once, retval=True)
server: Any = create_server(initialize_public_application(), host=host, port=port, threads=threads)
print(server.effective_port, flush=True)


def stop_with_the_parent() -> None:
    """Ends this process when the pipe closes, which happens whenever its parent process is gone, however that died."""
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=stop_with_the_parent, daemon=True).start()
server.run()
