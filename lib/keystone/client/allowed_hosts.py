"""Which hosts may be connected to: the Keystones that the settings allow, and never a cloud's metadata."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from lib import settings
from lib.errors import AuthUrlNotAllowed

# At these addresses a cloud tells a machine its own secrets, or only neighbours on a wire answer. No Keystone has one.
_NEVER = [
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, with 169.254.169.254, the metadata of most clouds
        "fe80::/10",
        "64:ff9b:1::/48",  # a site's own NAT64, which can stand for any IPv4 address
        "fd00:ec2::/32",  # Amazon
        "fd20:ce::254/128",  # Google
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle
    )
]
# These stand for the IPv4 address in their last 32 bits. To the first kind, the host itself connects over IPv4. By the
# second (NAT64), a site that has only IPv6 reaches IPv4 hosts. Other kinds (6to4, Teredo, ISATAP) would need a tunnel
# to the metadata service, which no site has.
_IPV4_IN_IPV6 = [ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96")]


def check(auth_url: str) -> None:
    """Raises AuthUrlNotAllowed unless the settings allow this URL, as its field has rebuilt it."""
    allowed = settings.current().allowed_auth_urls
    if allowed is not None and not any(auth_url == one or auth_url.startswith(f"{one}/") for one in allowed):
        raise AuthUrlNotAllowed(
            "cloud_env.auth_url is not under any of the URLs in the setting allowed_auth_urls.", detail=auth_url
        )
    allowed_among([urlsplit(auth_url).hostname or ""])


def allowed_among(hosts: Sequence[str]) -> list[str]:
    """Returns those of the hosts that may be connected to. A name may be, until it is resolved to addresses.

    Raises AuthUrlNotAllowed where there is none.
    """
    # With the setting, the operators have said what may be connected to.
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
    if any(address in network for network in _IPV4_IN_IPV6):
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return any(address in network for network in _NEVER)
