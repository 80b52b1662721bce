"""Whether a Keystone answers at cloud_env.auth_url, and how: reachable, TLS, redirect, version, kept connections."""

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lib import settings
from lib.answer.operations import CheckItem
from lib.errors import DeadlineExceeded, Problem, Unreachable
from lib.keystone.client.problems import Redirects, TlsRefused
from lib.operations.check.items import failed, not_checked, not_seen, ok, seen, warning

if TYPE_CHECKING:
    from lib.keystone.client.front import Front

CHECKS = ("reachable", "tls", "redirect", "version", "connections")
# The oldest one that was tried. Keystone 22 to 30 all have it.
OLDEST_VERSION = (3, 14)


def front_items(front: "Front", auth_url: str) -> list[CheckItem]:
    """Returns what can be seen before any password is sent."""
    version = seen(front.version)
    if isinstance(version, Problem):
        return _stopped_at(version, auth_url)
    return [*_reached(auth_url)[: CHECKS.index("version")], _version(version), _connections(front)]


def _stopped_at(why: Problem, auth_url: str) -> list[CheckItem]:
    """Returns the items up to the one that the problem is about, and says of the others that they were not checked."""
    if isinstance(why, (Unreachable, DeadlineExceeded)):
        check, remedy = "reachable", "Look whether Keystone runs, and at host and port of auth_url and firewalls."
    elif isinstance(why, TlsRefused):
        check, remedy = "tls", "Look at the scheme and the port of auth_url."
    elif isinstance(why, Redirects):
        check, remedy = "redirect", "Put the URL that it leads to into auth_url."
    else:
        check, remedy = "version", "Look at host, port and path of auth_url."
    at = CHECKS.index(check)
    return [*_reached(auth_url)[:at], failed(check, why, remedy), *not_checked(CHECKS[at + 1 :], check)]


def _reached(auth_url: str) -> list[CheckItem]:
    where = urlsplit(auth_url)
    return [
        ok("reachable", f"{where.hostname} accepts connections at port {where.port}."),
        _tls(where.scheme, where.hostname or ""),
        ok("redirect", "auth_url does not lead elsewhere."),
    ]


def _tls(scheme: str, host: str) -> CheckItem:
    if scheme == "http" and _is_this_host(host):
        return ok("tls", "Passwords do not leave this host.")
    if scheme == "http":
        sent = "Passwords are sent to Keystone as plain text."
        return warning("tls", sent, "Use https in auth_url where Keystone speaks it.")
    if settings.current().insecure:
        remedy = "Name the authority's certificate in the setting cacert, and take insecure out."
        return warning("tls", "The certificate is not verified, as the setting insecure says.", remedy)
    return ok("tls", "The certificate is good.")


def _is_this_host(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _version(found: str) -> CheckItem:
    told = f"Keystone's API has version {found}"
    if tuple(map(int, re.findall(r"\d+", found))) >= OLDEST_VERSION:
        return ok("version", f"{told}, as in Keystone 22 to 30, which were tried.")
    oldest = ".".join(map(str, OLDEST_VERSION))
    return warning("version", f"{told}, and the oldest that was tried has v{oldest}.", "Upgrade Keystone.")


def _connections(front: "Front") -> CheckItem:
    silently = seen(front.closes_connections_silently)
    if isinstance(silently, Problem):
        return not_seen("connections", silently)
    if silently:
        return warning(
            "connections",
            "Keystone, or what is before it, closes each connection after its answer without saying so.",
            "Let it keep connections, or announce that it closes them (in uwsgi.ini: add-header = Connection: close).",
        )
    return ok("connections", "Connections stay open after an answer, or Keystone announces that it closes them.")
