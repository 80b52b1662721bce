"""Which Keystones may be dialled, and connections to them that hold nobody up."""

import ipaddress
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from lib import call, settings
from lib.errors import AuthUrlNotAllowed

# Here a cloud tells a machine its own secrets, or only neighbours on a wire answer: no Keystone ever does.
_NEVER = [
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, and with 169.254.169.254 the metadata of most clouds
        "fe80::/10",
        "64:ff9b:1::/48",  # NAT64 of the site, which can mean any IPv4 address
        "fd00:ec2::/32",  # Amazon
        "fd20:ce::254/128",  # Google
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle
    )
]
# IPv6 addresses that mean the IPv4 address in their last 32 bits: mapped, translated, compatible, NAT64.
_IPV4_AT_THE_END = [
    ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96")
]
# What stands before them in addresses of ISATAP, under any prefix.
_ISATAP = (0x00005EFE, 0x02005EFE)


def check(auth_url: str) -> None:
    """Raises AuthUrlNotAllowed unless the settings let this URL, as rebuilt by its field, be dialled."""
    allowed = settings.current().allowed_auth_urls
    if allowed is not None and not any(auth_url == one or auth_url.startswith(f"{one}/") for one in allowed):
        raise AuthUrlNotAllowed(
            "cloud_env.auth_url is not under any of the URLs in the setting allowed_auth_urls.", detail=auth_url
        )
    _some_to_dial([urlsplit(auth_url).hostname or ""])


def _some_to_dial(hosts: Sequence[str]) -> list[str]:
    """Those of the hosts that may be dialled: no address that no Keystone has. A name passes, until it is resolved.

    Raises AuthUrlNotAllowed where there is none.
    """
    # Where the setting is, the operators have said what may be dialled.
    if settings.current().allowed_auth_urls is not None:
        return [*hosts]
    good = [host for host in hosts if not _is_never_keystones(host)]
    if not good:
        raise AuthUrlNotAllowed(
            "cloud_env.auth_url leads to a link-local or metadata address, where no Keystone is. If one is there all"
            " the same, put its URL into the setting allowed_auth_urls.",
            detail=", ".join(hosts),
        )
    return good


def _is_never_keystones(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(one in network for one in _meanings(address) for network in _NEVER)


def _meanings(address: Any) -> list[Any]:
    """The address, and any IPv4 address that it may stand for."""
    meant = [address]
    if address.version == 6:
        meant += [address.sixtofour, *(address.teredo or ())]
        if any(address in one for one in _IPV4_AT_THE_END) or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
            meant.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in meant if one]


class _Held:
    """The connection at which a thread waits for Keystone's answer, once there is one."""

    wire: socket.socket | None = None

    def cut(self) -> None:
        wire = self.wire
        if wire:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


_waiting = threading.local()


@contextmanager
def cut_in_time() -> Iterator[None]:
    """Cuts off what this thread waits for at a connection of ours, when the call's time is over.

    A time-out bounds the wait for the next byte only: who sends one now and then would be waited for without end.
    """
    _waiting.held = held = _Held()
    with call.current().cutting(held.cut):
        yield


class Stale(ConnectionResetError):
    """The other end had closed a kept connection, as some do after each answer without saying so."""


class _Plain(HTTPConnection):
    """A connection to an address that may be dialled."""

    _has_answered = False
    _unsent: bytearray | None = None

    def opened(self) -> socket.socket:
        """The bare connection. Raises what urllib3 or the system does."""
        return self._new_conn()

    def _new_conn(self) -> socket.socket:
        self._has_answered = False
        name = self.host
        try:
            found = [str(one[4][0]) for one in socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)]
        except OSError:
            # urllib3 has words for it.
            return super()._new_conn()
        # Dialled by the address that was looked at: the name might be resolved to something else the next time.
        try:
            return self._first_of(_some_to_dial([*dict.fromkeys(found)]))
        finally:
            self.host = name

    def _first_of(self, addresses: Sequence[str]) -> socket.socket:
        *others, last = addresses
        for address in others:
            self.host = address
            with suppress(HTTPError):
                return super()._new_conn()
        self.host = last
        return super()._new_conn()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Sends the head and the body in one piece, for which the other end need not wake up twice."""
        self._unsent = bytearray()
        try:
            super().request(*args, **kwargs)
        finally:
            whole, self._unsent = self._unsent, None
        self.send(whole)

    def send(self, data: Any) -> None:
        """Holds back what belongs to a request until it is whole."""
        if self._unsent is None:
            super().send(data)
        else:
            self._unsent += data

    def getresponse(self) -> Any:
        held = getattr(_waiting, "held", None)
        if held:
            held.wire = self.sock
        try:
            answer = super().getresponse()
        except ConnectionError as error:
            if self._has_answered:
                raise Stale from error
            raise
        self._has_answered = True
        return answer


class HandshakeTimeout(TimeoutError):
    """The connection stands, and the other end does not begin TLS."""


class _Secured(_Plain, HTTPSConnection):
    """The same with TLS."""

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:
            raise HandshakeTimeout from error


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecuredPool(HTTPSConnectionPool):
    ConnectionCls = _Secured


# What a pool manager of urllib3 makes its connections of.
POOLS = {"http": _PlainPool, "https": _SecuredPool}


@contextmanager
def opened(url: str, seconds: float) -> Iterator[socket.socket]:
    """A bare connection to where calls to this URL go, on which each wait is bounded by the seconds and the call."""
    where = urlsplit(url)
    bound = min(seconds, call.current().seconds_left())
    with _Plain(where.hostname or "", where.port, timeout=bound).opened() as wire:
        wire.settimeout(bound)
        yield wire
