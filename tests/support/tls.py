"""Makes certificates for tests: a good one, and one of each kind that a careful client refuses."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

# A small elliptic-curve key is made in a hundredth of a second.
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
GOOD_NAMES = "IP:127.0.0.1,DNS:localhost"
OTHER_NAME = "other.example"


@dataclass(frozen=True)
class Leaf:
    """A server's certificate and its key."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Returns a TLS context for a server that presents the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True)
class Certificates:
    """The certificates, all but the last two of which are signed by `authority`, which a client is told to trust."""

    authority: Path
    good: Leaf
    """A certificate for 127.0.0.1 and localhost."""
    expired: Leaf
    """A certificate that expired a day ago, and is good otherwise."""
    other_name: Leaf
    """A certificate for other.example that is good otherwise."""
    unknown_authority: Leaf
    """A certificate from an authority that no client trusts, and good otherwise."""
    self_signed: Leaf
    """A self-signed certificate, as installers make them; good for a client that is told to trust it."""


def certificates(folder: Path) -> Certificates:
    """Makes the certificates in this folder."""
    known, unknown = _self_signed(folder / "authority", "An authority"), _self_signed(folder / "unknown", "Unknown")
    return Certificates(
        authority=known.certificate,
        good=_signed(folder / "good", known),
        expired=_signed(folder / "expired", known, days=-1),
        other_name=_signed(folder / "other_name", known, names=f"DNS:{OTHER_NAME}"),
        unknown_authority=_signed(folder / "unknown_authority", unknown),
        self_signed=_self_signed(folder / "self_signed", "keystone", f"subjectAltName={GOOD_NAMES}"),
    )


def _self_signed(path: Path, subject: str, *extensions: str) -> Leaf:
    made = _paths(path)
    added = [part for one in (*extensions, "keyUsage=digitalSignature,keyCertSign") for part in ("-addext", one)]
    _openssl("req", "-x509", *NEW_KEY, "-days", "1", "-subj", f"/CN={subject}", *added, *_out(made))
    return made


def _signed(path: Path, authority: Leaf, names: str = GOOD_NAMES, days: int = 1) -> Leaf:
    made, wanted, extensions = _paths(path), path.with_suffix(".csr"), path.with_suffix(".extensions")
    extensions.write_text(
        f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    _openssl("req", *NEW_KEY, "-subj", "/CN=keystone", *_out(Leaf(wanted, made.key)))
    by = ["-CA", str(authority.certificate), "-CAkey", str(authority.key), "-CAcreateserial", "-days", str(days)]
    _openssl("x509", "-req", "-in", str(wanted), *by, "-extfile", str(extensions), "-out", str(made.certificate))
    return made


def _paths(path: Path) -> Leaf:
    return Leaf(path.with_suffix(".pem"), path.with_suffix(".key"))


def _out(made: Leaf) -> list[str]:
    return ["-keyout", str(made.key), "-out", str(made.certificate)]


def _openssl(*command: str) -> None:
    done = subprocess.run(["openssl", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {command[0]} failed:\n{done.stderr}")
