"""What OpenSSL's errors mean for whoever wrote auth_url. Each message says what helps."""

import ssl
from collections.abc import Mapping

from lib.errors import Problem, Unreachable
from lib.keystone.client.problems import OtherName, TlsRefused

PLAIN = (
    "The port in cloud_env.auth_url does not speak TLS. Put http in place of https, or the port at which Keystone"
    " speaks https."
)
SECURED = "The port in cloud_env.auth_url speaks TLS. Put https in place of http."
# OpenSSL's reasons for an answer that is not TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
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
        return OtherName if code in _OTHER_NAME else TlsRefused, f"The certificate of cloud_env.auth_url {why}"
    reason = error.reason if error else None
    if reason in _NOT_TLS:
        return TlsRefused, PLAIN
    if error is None or isinstance(error, ssl.SSLEOFError) or reason == "UNEXPECTED_EOF_WHILE_READING":
        return Unreachable, "The connection to cloud_env.auth_url ended while TLS began. Repeat the request."
    return TlsRefused, f"No TLS is possible with cloud_env.auth_url: {reason}."
