"""Secrets that are awkward to mask, and the search for anything of them in what the service lets out."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

# Each of these stands between the words of a secret, and has a meaning in shells, regular expressions, JSON or HTML.
GLUES = {
    "hyphens": "-",
    "spaces": "  ",
    "quotes": "\"'",
    "commas": ", ",
    "newlines": "\n\r\n",
    "percents": "%s%20%",
    "braces": "{}{0}",
    "unicode": "é🔑ß",
    "backslashes": "\\\\n",
    "regular expressions": ".*(?:[a-z]+$",
    "look-alike JSON": '", "password": "',
    "look-alike Python": "': '",
    "look-alike HTML": "</b>&amp;<b>",
    "look-alike of keystoneauth": " (HTTP 400) (Request-ID: req-",
    "control characters": "\t\x00\x1b[31m",
    "separators": ";=&:/?#@|",
}
# The UI allows passwords of up to this many characters.
LONGEST = 128


@dataclass(frozen=True)
class Canary:
    """A secret, and the words that it is made of. None of the words occurs anywhere by chance."""

    kind: str
    words: tuple[str, ...]

    @property
    def secret(self) -> str:
        """The secret itself."""
        return GLUES[self.kind].join(self.words)[:LONGEST]

    def traces(self) -> list[bytes]:
        """Returns what of it survives any quoting: every word, and the whole in Base64 at any offset."""
        data = self.secret.encode()
        encoded = {
            # Base64 takes three bytes at a time, so up to two at either end are mixed with what is beside them.
            encode(data[cut : cut + (len(data) - cut) // 3 * 3]).decode()
            for cut in range(3)
            for encode in (base64.b64encode, base64.urlsafe_b64encode)
        }
        return [one.encode() for one in (*self.words, *encoded)]


def canaries() -> list[Canary]:
    """Returns a new canary of each kind. The one with hyphens is as long as the UI allows."""
    return [Canary(kind, tuple(secrets.token_hex(5) for _ in range(12 if kind == "hyphens" else 3))) for kind in GLUES]


def hits(traces: Iterable[bytes], outputs: Iterable[bytes]) -> list[bytes]:
    """Returns the traces that are in the outputs, with the text around them."""
    found = []
    for trace in traces:
        for output in outputs:
            place = output.find(trace)
            if place >= 0:
                found.append(output[max(0, place - 100) : place + 200])
    return found
