"""Why a first log-in failed: looks whether the scheme or the name in auth_url is the cause."""

import ssl
from contextlib import suppress
from http.client import BAD_REQUEST
from typing import Any
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from lib import settings
from lib.call.masking import shown
from lib.errors import Problem, UnclearAnswer, Unreachable
from lib.keystone.client import tls
from lib.keystone.client.problems import HandshakeTimedOut, OtherName, TlsRefused
from lib.keystone.client.sockets import opened

# Seconds that each wait may last while a port is asked which protocol it speaks.
PROBE_SECONDS = 1
# A probe that raises one of these has found nothing out.
FAILED = (OSError, HTTPError, Problem)
# How many names of a certificate are told, and how much of each.
MOST_NAMES, LONGEST_NAME = 5, 255


def diagnosed(why: Problem, auth_url: str) -> Problem:
    """Returns why a first log-in failed, after a look at whether the scheme or the name in the URL is the cause."""
    secured = urlsplit(auth_url).scheme == "https"
    # A port that speaks TLS answers plain HTTP by hanging up, or with a page of its web server.
    perhaps_tls = isinstance(why, Unreachable) or (isinstance(why, UnclearAnswer) and why.answered == BAD_REQUEST)
    if isinstance(why, OtherName):
        return _with_names(why, auth_url)
    if isinstance(why, HandshakeTimedOut) and _speaks_http(auth_url):
        return TlsRefused(tls.PLAIN, step=why.step, detail=why.detail)
    if perhaps_tls and not secured and _speaks_tls(auth_url):
        return TlsRefused(tls.SECURED, step=why.step, detail=why.detail)
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
    with suppress(*FAILED), opened(auth_url, PROBE_SECONDS) as wire:
        with context.wrap_socket(wire, server_hostname=urlsplit(auth_url).hostname) as secured:
            found: Any = secured.getpeercert() or {}
        return [shown(str(name))[:LONGEST_NAME] for _, name in found.get("subjectAltName", ())][:MOST_NAMES]
    return []


def _speaks_tls(auth_url: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with opened(auth_url, PROBE_SECONDS) as wire, context.wrap_socket(wire):
            return True
    except ssl.SSLError as error:
        # Only what speaks TLS answers with an alert.
        return "ALERT" in (error.reason or "")
    except FAILED:
        return False


def _speaks_http(auth_url: str) -> bool:
    with suppress(*FAILED), opened(auth_url, PROBE_SECONDS) as wire:
        wire.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return wire.recv(5) == b"HTTP/"
    return False
