"""A network namespace, and two links to it that can be cut, so that packets vanish and nobody is told."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.debian import found

# These addresses are for measurements in laboratories (RFC 2544), so no site has them.
ADDRESS = "198.18.{}.{}"
# No device has this address, so a frame to it is dropped by whoever receives it.
NOBODY = "02:00:00:00:00:00"
# In these columns, the kernel's table of sockets has the peer's address, and the bytes to be sent and to be read.
PEER, QUEUES = 2, 4


class NoNamespaceError(Exception):
    """There is no network namespace to be had. The text says why."""


@dataclass(frozen=True)
class End:
    """One end of a link: a device with an address, and the command by which a program runs where the device is."""

    enter: tuple[str, ...]
    device: str
    address: str


@dataclass(frozen=True)
class Link:
    """A link between this machine's own network and the namespace."""

    outside: End
    inside: End

    def cut(self) -> None:
        """Lets all packets vanish, in both directions. No device goes down, so neither side is told of it."""
        for one, other in ((self.outside, self.inside), (self.inside, self.outside)):
            # So it is, too, where a cable is pulled out beyond the next switch.
            change = ("neigh", "replace", other.address, "lladdr", NOBODY, "dev", one.device, "nud", "permanent")
            ip(*change, enter=one.enter)

    def join(self) -> None:
        """Lets packets through again, those included that are sent again as nobody has acknowledged them."""
        for one, other in ((self.outside, self.inside), (self.inside, self.outside)):
            ip("neigh", "del", other.address, "dev", one.device, enter=one.enter)


@dataclass(frozen=True)
class Namespace:
    """A network namespace with two links."""

    enter: tuple[str, ...]
    """The command by which a program runs in the namespace."""
    callers: Link
    """By this link, the programs in the namespace are called from outside."""
    called: Link
    """By this link, the programs in the namespace call what listens at its outer end."""
    _sockets: Path

    def unsent(self) -> int:
        """Returns how many connections have something that the outer end of `called` has not acknowledged yet."""
        peer = "".join(f"{int(part):02X}" for part in reversed(self.called.outside.address.split(".")))
        rows = [line.split() for line in self._sockets.read_text().splitlines()[1:]]
        return sum(row[PEER].startswith(peer) and not row[QUEUES].startswith("00000000:") for row in rows)


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Makes a namespace, and removes it with its links. Raises NoNamespaceError where the machine allows none."""
    # The namespace ends with the process in it. That ends when its standard input closes, however this process ends.
    # Ctrl-C in a terminal is for us alone.
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as holder:
        assert holder.stdout
        assert holder.stderr
        if not holder.stdout.readline():
            raise NoNamespaceError(holder.stderr.read().strip())
        home = Path(f"/proc/{holder.pid}/ns/net")
        enter = ("nsenter", f"--net={home}")
        with ExitStack() as links:
            ip("link", "set", "lo", "up", enter=enter)
            callers, called = (links.enter_context(_link(holder.pid, enter)) for _ in range(2))
            yield Namespace(enter, callers, called, Path(f"/proc/{holder.pid}/net/tcp"))


@contextmanager
def _link(holder: int, enter: tuple[str, ...]) -> Iterator[Link]:
    name, block = f"uh{secrets.token_hex(5)}", secrets.randbelow(1 << 14) << 2
    first, second = (ADDRESS.format(*divmod(block + number, 256)) for number in (1, 2))
    link = Link(End((), f"{name}o", first), End(enter, f"{name}i", second))
    ip("link", "add", link.outside.device, "type", "veth", "peer", "name", link.inside.device, "netns", str(holder))
    try:
        for end in (link.outside, link.inside):
            ip("addr", "add", f"{end.address}/30", "dev", end.device, enter=end.enter)
            ip("link", "set", end.device, "up", enter=end.enter)
        yield link
    finally:
        # Its other end goes with it.
        ip("link", "del", link.outside.device)


def ip(*arguments: str, enter: tuple[str, ...] = ()) -> None:
    """Runs iproute2's `ip`. Raises NoNamespaceError with what it says if it fails."""
    done = subprocess.run([*enter, found("ip") or "ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoNamespaceError(f"ip {' '.join(arguments[:2])}: {done.stderr.strip()}")
