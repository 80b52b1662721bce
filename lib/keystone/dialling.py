"""Which Keystones may be dialled, and connections to them that hold nobody up."""

import ipaddress
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from lib import call, settings
from lib.errors import AuthUrlNotAllowed

# Here a cloud tells a machine its own secrets, or only neighbours on a wire answer: no Keystone ever does.
_NEVER = [
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, and with 169.254.169.254 the metadata of most clouds
        "fe80::/10",
        "fd00:ec2::/32",  # Amazon
        "fd20:ce::254/128",  # Google
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle
    )
]
# IPv6 addresses that mean the IPv4 address in their last 32 bits: mapped, compatible, and the two ranges of NAT64.
_IPV4_AT_THE_END = [
    ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")
]


def check(auth_url: str) -> None:
    """Raises AuthUrlNotAllowed unless the settings let this URL, as rebuilt by its field, be dialled."""
    allowed = settings.current().allowed_auth_urls
    if allowed is not None and not any(auth_url == one or auth_url.startswith(f"{one}/") for one in allowed):
        raise AuthUrlNotAllowed(
            "cloud_env.auth_url is not under any of the URLs in the setting allowed_auth_urls.", detail=auth_url
        )
    _check_host(urlsplit(auth_url).hostname or "")


def _check_host(host: str) -> None:
    """Raises AuthUrlNotAllowed for an address that no Keystone has. A name passes, until it is resolved."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    # Where the setting is, the operators have said what may be dialled.
    free = settings.current().allowed_auth_urls is None
    if free and any(one in network for one in _meanings(address) for network in _NEVER):
        raise AuthUrlNotAllowed(
            "cloud_env.auth_url leads to a link-local or metadata address, where no Keystone is. If one is there all"
            " the same, put its URL into the setting allowed_auth_urls.",
            detail=str(address),
        )


def _meanings(address: Any) -> list[Any]:
    """The address, and any IPv4 address that it may stand for."""
    meant = [address]
    if address.version == 6:
        meant += [address.sixtofour, *(address.teredo or ())]
        meant += [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) for one in _IPV4_AT_THE_END if address in one]
    return [one for one in meant if one]


class _Plain(HTTPConnection):
    """A connection to an address that may be dialled, whose answer is waited for no longer than its call may take.

    A time-out bounds the wait for the next byte only: who sends one now and then would be waited for without end. (That
    of a handshake bounds the whole of it.)
    """

    def _new_conn(self) -> socket.socket:
        with suppress(OSError):
            for *_, found in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
                _check_host(str(found[0]))
        wire = super()._new_conn()
        try:
            # The name may have been resolved to something else this time.
            _check_host(wire.getpeername()[0])
        except BaseException:
            wire.close()
            raise
        return wire

    def getresponse(self) -> Any:
        with call.current().cutting(self._cut):
            return super().getresponse()

    def _cut(self) -> None:
        wire = self.sock
        if wire:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


class _Secured(_Plain, HTTPSConnection):
    """The same with TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecuredPool(HTTPSConnectionPool):
    ConnectionCls = _Secured


# What a pool manager of urllib3 makes its connections of.
POOLS = {"http": _PlainPool, "https": _SecuredPool}
