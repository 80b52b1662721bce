"""connect: from a request's cloud_env to a connection to Keystone, which is cached for each distinct credential."""

import gc
import hashlib
import secrets
from threading import Thread
from typing import TYPE_CHECKING

from lib.call.once import Once
from lib.keystone.client import allowed_hosts
from lib.keystone.client.cache import SingleFlightCache
from lib.keystone.client.connection import Connection
from lib.request.model import CloudEnv

if TYPE_CHECKING:
    from lib.keystone.client.front import Front

# A site has one cloud environment, or a few. The age bounds how long an unused password stays in memory.
CACHED_CONNECTIONS, CACHED_SECONDS = 32, 3600

_connections: SingleFlightCache[bytes, Connection] = SingleFlightCache(CACHED_CONNECTIONS, CACHED_SECONDS, "log in")
_hash_key = secrets.token_bytes(32)


def connect(cloud_env: CloudEnv) -> Connection:
    """Returns the cached connection of exactly this credential, password included, or a new one that has logged in."""
    allowed_hosts.check(cloud_env.auth_url)
    credential = cloud_env.model_dump_json(exclude={"password"}) + cloud_env.password.get_secret_value()
    key = hashlib.blake2b(credential.encode(), key=_hash_key).digest()
    return _connections.get(key, lambda: log_in_anew(cloud_env))


def front_of(cloud_env: CloudEnv) -> "Front":
    """Returns what to look at before the account logs in. Nothing is asked yet. Raises AuthUrlNotAllowed."""
    from lib.keystone.client.front import Front

    allowed_hosts.check(cloud_env.auth_url)
    return Front(cloud_env)


def log_in_anew(cloud_env: CloudEnv) -> Connection:
    """Returns a new connection that has logged in, and that is not cached. The URL was checked before."""
    # Imported here, as Keystone's libraries take longer to load than everything else: see load_ahead.
    from lib.keystone.client.log_in import LogIn

    return Connection(LogIn(cloud_env))


def check_answers(auth_url: str) -> None:
    """Raises a problem unless a Keystone answers at this URL."""
    from lib.keystone.client import version

    version.check_answers(auth_url)


def clear_connections() -> None:
    """Drops every cached connection, which changes nothing but latency."""
    from lib.keystone.client.transport import transport

    _connections.clear()
    transport.clear()


@Once
def load_ahead() -> None:
    """Begins to load Keystone's libraries, while nobody waits for them.

    This must not happen when a module is imported: a process that is forked meanwhile would wait for ever.
    """
    Thread(target=_load, daemon=True).start()


def _load() -> None:
    from lib.keystone.client.log_in import load_client

    load_client()
    # All this stays in memory. To look through it at each garbage collection took a twentieth of our own time.
    gc.freeze()
