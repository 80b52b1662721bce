"""Keeps the ports of the site for the site: Linux also gives them to connections that programs open."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PORTS = range(42356, 42359)
# docs/deploy/README.md says how a site does the same.
RESERVED = Path("/proc/sys/net/ipv4/ip_local_reserved_ports")
# A connection that has ended holds its port for a minute.
SECONDS_TO_BE_FREE = 90


@contextmanager
def reserved_ports() -> Iterator[None]:
    """Lets no other program be given one of the ports, where this user may say so, and waits until they are free."""
    before = RESERVED.read_text().strip() if os.access(RESERVED, os.W_OK) else None
    if before is not None:
        ours = f"{PORTS[0]}-{PORTS[-1]}"
        RESERVED.write_text(f"{before},{ours}" if before else ours)
    try:
        until = time.monotonic() + SECONDS_TO_BE_FREE
        while _are_held() and time.monotonic() < until:
            time.sleep(1)
        yield
    finally:
        if before is not None:
            RESERVED.write_text(f"{before}\n")


def _are_held() -> bool:
    return any(one.laddr and one.laddr.port in PORTS for one in psutil.net_connections("tcp"))
