"""Why https with a Keystone fails: a wrong scheme, or its certificate. Each message says what helps."""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from http.client import BAD_REQUEST
from typing import Any
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from lib import settings
from lib.call.masking import shown
from lib.errors import NotKeystone, Problem, UnclearAnswer, Unreachable
from lib.keystone.client import sockets
from lib.keystone.client.problems import HandshakeTimedOut, OtherName

# Seconds that each wait may last while a port is asked which protocol it speaks.
PROBE_SECONDS = 1
# A probe that raises one of these has found nothing out.
FAILED = (OSError, HTTPError, Problem)
# How many names of a certificate are told, and how much of each.
MOST_NAMES, LONGEST_NAME = 5, 255
# OpenSSL's reasons for an answer that is not TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
_ENDED = ("UNEXPECTED_EOF_WHILE_READING",)
_UNKNOWN_AUTHORITY = (
    "is signed by an authority that this service does not know. Put the certificate of that authority into a file,"
    " and name the file in the setting cacert."
)
_OTHER_NAME = (62, 64)
# By the number that OpenSSL has for what it could not verify (X509_V_ERR_…).
_CERTIFICATE: Mapping[int, str] = {
    9: "is not valid yet, by the clock of this host.",
    10: "has expired, by the clock of this host. It is to be renewed where Keystone runs.",
    18: "is signed by nobody but itself. Put it into a file, and name the file in the setting cacert.",
    **dict.fromkeys((2, 19, 20, 21), _UNKNOWN_AUTHORITY),
    **dict.fromkeys(_OTHER_NAME, "is for another name. Put a name that it is for into auth_url."),
}


def problem_of(error: ssl.SSLError | None) -> tuple[type[Problem], str]:
    """Returns what an error of OpenSSL means for whoever wrote auth_url: the kind of problem, and its message."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        why = _CERTIFICATE.get(code, f"cannot be verified: {error.verify_message}.")
        return OtherName if code in _OTHER_NAME else NotKeystone, f"The certificate of cloud_env.auth_url {why}"
    reason = error.reason if error else None
    if reason in _NOT_TLS:
        return NotKeystone, PLAIN
    if error is None or isinstance(error, ssl.SSLEOFError) or reason in _ENDED:
        return Unreachable, "The connection to cloud_env.auth_url ended while TLS began. Repeat the request."
    return NotKeystone, f"No TLS is possible with cloud_env.auth_url: {reason}."


PLAIN = (
    "The port in cloud_env.auth_url does not speak TLS. Put http in place of https, or the port at which Keystone"
    " speaks https."
)
SECURED = "The port in cloud_env.auth_url speaks TLS. Put https in place of http."


def diagnosed(why: Problem, auth_url: str) -> Problem:
    """Returns why a first log-in failed, after a look at whether the scheme or the name in the URL is the cause."""
    secured = urlsplit(auth_url).scheme == "https"
    # A port that speaks TLS answers plain HTTP by hanging up, or with a page of its web server.
    perhaps_tls = isinstance(why, Unreachable) or (isinstance(why, UnclearAnswer) and why.answered == BAD_REQUEST)
    if isinstance(why, OtherName):
        return _with_names(why, auth_url)
    if isinstance(why, HandshakeTimedOut) and _speaks_http(auth_url):
        return NotKeystone(PLAIN, step=why.step, detail=why.detail)
    if perhaps_tls and not secured and _speaks_tls(auth_url):
        return NotKeystone(SECURED, step=why.step, detail=why.detail)
    return why


def _with_names(why: Problem, auth_url: str) -> Problem:
    """Adds the names in the certificate: to the message only where the operators have said what may be connected to."""
    names = ", ".join(_names_in_certificate(auth_url))
    if names and settings.current().allowed_auth_urls is not None:
        why = OtherName(f"{why.message} It is for {names}.", step=why.step, detail=why.detail)
    why.detail += f"; the certificate is for {names or 'no name that could be read'}"
    return why


def _names_in_certificate(auth_url: str) -> list[str]:
    # Names are read only from a certificate that a known authority has signed.
    context = ssl.create_default_context(cafile=str(settings.current().cacert or DEFAULT_CA_BUNDLE_PATH))
    context.check_hostname = False
    with suppress(*FAILED), sockets.opened(auth_url, PROBE_SECONDS) as wire:
        with context.wrap_socket(wire, server_hostname=urlsplit(auth_url).hostname) as secured:
            found: Any = secured.getpeercert() or {}
        return [shown(str(name))[:LONGEST_NAME] for _, name in found.get("subjectAltName", ())][:MOST_NAMES]
    return []


def _speaks_tls(auth_url: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with sockets.opened(auth_url, PROBE_SECONDS) as wire, context.wrap_socket(wire):
            return True
    except ssl.SSLError as error:
        # Only what speaks TLS answers with an alert.
        return "ALERT" in (error.reason or "")
    except FAILED:
        return False


def _speaks_http(auth_url: str) -> bool:
    with suppress(*FAILED), sockets.opened(auth_url, PROBE_SECONDS) as wire:
        wire.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return wire.recv(5) == b"HTTP/"
    return False
