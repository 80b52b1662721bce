"""Which hosts may be connected to: the Keystones that the settings allow, and never a cloud's metadata."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from lib import settings
from lib.errors import AuthUrlNotAllowed
from lib.request.urls import is_under_any

# Here a cloud's metadata service gives a machine its secrets, or only hosts on the same link answer. No Keystone does.
_NEVER = [
    ip_network(network)
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
# These stand for the IPv4 address in their last 32 bits: mapped ones, and those of NAT64. Other kinds (6to4, Teredo,
# ISATAP) would need a tunnel to the metadata service, which no site has.
_IPV4_IN_IPV6 = [IPv6Network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96")]


def check(auth_url: str) -> None:
    """Raises AuthUrlNotAllowed unless the settings allow this URL, as its field has rebuilt it."""
    allowed = settings.current().allowed_auth_urls
    if allowed is not None and not is_under_any(auth_url, allowed):
        why = "cloud_env.auth_url is not under any of the URLs in the setting allowed_auth_urls."
        raise AuthUrlNotAllowed(why, detail=auth_url)
    allowed_among([urlsplit(auth_url).hostname or ""])


def allowed_among(hosts: Sequence[str]) -> list[str]:
    """Returns those of these hosts, be they names or addresses, that may be connected to. Raises AuthUrlNotAllowed."""
    # With the setting, the operators have said what may be connected to.
    anything = settings.current().allowed_auth_urls is not None
    good = [host for host in hosts if anything or not _is_never_keystones(host)]
    if not good:
        raise AuthUrlNotAllowed(
            "cloud_env.auth_url leads to a link-local or metadata address, where no Keystone is. If one is there all"
            " the same, put its URL into the setting allowed_auth_urls.",
            detail=", ".join(hosts),
        )
    return good


def _is_never_keystones(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if any(address in network for network in _IPV4_IN_IPV6):
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    return any(address in network for network in _NEVER)
