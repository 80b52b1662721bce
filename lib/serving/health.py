"""`python -m lib.serving.health`: asks the service of this container whether it runs, wherever it listens.

The image's health check runs this. It looks at the sockets of the service's process, because a command line, an
environment and a host name's addresses may all have a part in where that listens.
"""

import http.client
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# The image gives the check five seconds. By default there are two addresses to ask.
ANSWER_SECONDS = 2
PROC = Path("/proc")
# In the kernel's tables of sockets.
LISTENING = "0A"
FAMILIES = {"tcp": socket.AF_INET, "tcp6": socket.AF_INET6}
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask a service that listens on all addresses


def main() -> None:
    """Exits with 0 if the service answers at every address that it listens at."""
    named = [PROC / pid for pid in sys.argv[1:2]]
    try:
        found = [address for process in named or _services() for address in addresses(process)]
    except OSError as error:
        sys.exit(f"The service has ended, or is another user's: {error}")
    if not found:
        sys.exit("No process here runs handler.py and listens.")
    for host, port in found:
        _ask(host, port)


def addresses(process: Path) -> Iterator[tuple[str, int]]:
    """Returns the host and port at which to ask the process for each of its listening sockets."""
    sockets = set(_open_files(process))
    for table, family in FAMILIES.items():
        listed = process / "net" / table
        # A kernel without IPv6 has no table of it.
        for line in listed.read_text().splitlines()[1:] if listed.exists() else ():
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENING and f"socket:[{inode}]" in sockets:
                host, _, port = local.partition(":")
                address = socket.inet_ntop(family, _in_network_order(host))
                yield LOOPBACK.get(address, address), int(port, 16)


def _open_files(process: Path) -> Iterator[str]:
    for link in (process / "fd").iterdir():
        # The process may close a file meanwhile.
        with suppress(FileNotFoundError):
            yield str(link.readlink())


def _services() -> Iterator[Path]:
    for process in PROC.glob("[0-9]*"):
        # Other processes may end meanwhile, or be another user's.
        with suppress(OSError):
            if any(part.endswith(b"handler.py") for part in (process / "cmdline").read_bytes().split(b"\0")):
                next((process / "fd").iterdir())
                yield process


def _in_network_order(digits: str) -> bytes:
    """Returns the bytes of an address, which the kernel shows as words of 32 bits in the machine's own order."""
    words = (int(digits[at : at + 8], 16) for at in range(0, len(digits), 8))
    return b"".join(word.to_bytes(4, sys.byteorder) for word in words)


def _ask(host: str, port: int) -> None:
    # Not urllib, which would ask a proxy of the environment.
    try:
        asked = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
        asked.request("GET", "/")
        status = asked.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"The service does not answer at {host}, port {port}: {error}")
    if status != http.client.OK:
        sys.exit(f"The service answers {status} at {host}, port {port}.")


if __name__ == "__main__":
    main()
