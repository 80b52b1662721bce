"""Free ports for servers that cannot choose one themselves, and the wait until a server listens."""

import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from tests.support.service import START_SECONDS


def free_ports(*names: str) -> dict[str, int]:
    """Returns ports at which nothing listens at the time of the call, by name."""
    with ExitStack() as held:
        probes = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))) for name in names}
        return {name: probe.getsockname()[1] for name, probe in probes.items()}


def wait_until_it_listens(server: "subprocess.Popen[bytes]", where: int | Path, *said: Path) -> None:
    """Waits until the server listens at this port, or at a socket with this path.

    Raises RuntimeError with the end of what the server said if it does not start.
    """
    until = time.monotonic() + START_SECONDS
    while not (where.exists() if isinstance(where, Path) else _is_open(where)):
        if server.poll() is not None or time.monotonic() > until:
            last = "".join(one.read_text() for one in said if one.exists())[-2000:]
            raise RuntimeError(f"{server.args!r} did not start:\n{last}")
        time.sleep(0.02)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
