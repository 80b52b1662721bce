"""Takes the secrets of the call being served out of what others say, whatever they have made of them."""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote

from lib import call

# The UI's own shortest password.
SHORTEST_IN_TEXT = 6
MASK = "***"
# Letters and digits in a row: enough of a secret to give it away, and the fewest that are not in any text by chance.
LONG_ENOUGH, SHORTEST_SKELETON = 10, 4
# A secret in JSON, in an exception, in a URL, in a page: more have not been seen.
QUOTINGS_IN_EACH_OTHER = 6

_QUOTINGS: list[Callable[[str], str]] = [
    lambda text: repr(text)[1:-1],
    lambda text: repr(text.encode())[2:-1],
    lambda text: text.encode().decode("latin-1"),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    html.escape,
    quote,
    lambda text: quote(text, safe=""),
    quote_plus,
    lambda text: b64encode(text.encode()).decode().rstrip("="),
    lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
]
# ASCII by its number, any other character by its number or letter, and all that is no letter or digit.
_NUMBERED = re.compile(r"\\+(?:u00|U000000|x)([0-7][0-9a-fA-F])")
_ESCAPES_AND_SIGNS = re.compile(r"\\+(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[abfnrtv0])?|[^0-9A-Za-z]")


def mask(text: str) -> str:
    """The text without the secrets of the call being served, in whatever way they are quoted in it.

    Nothing of it is left where a very short secret would show by the gaps it leaves in ordinary words, or where a part
    of one is still there, quoted in a way that nobody has thought of.
    """
    secrets = [*call.current().secrets]
    for spelling in sorted({one for secret in secrets for one in _spellings(secret)}, key=len, reverse=True):
        if 0 < len(spelling) < SHORTEST_IN_TEXT and spelling in text:
            return MASK
        text = text.replace(spelling, MASK) if spelling else text
    left = _skeleton(text)
    return MASK if any(part in left for secret in secrets for part in _parts(_skeleton(secret))) else text


def _spellings(secret: str) -> set[str]:
    """The ways in which Keystone, a proxy or a library may quote a value: as it is, quoted, and a quotation quoted."""
    once = {secret, *(quoting(secret) for quoting in _QUOTINGS)}
    return once | {quoting(one) for one in once for quoting in _QUOTINGS}


def _skeleton(text: str) -> str:
    """What quoting leaves alone, however often it was done: letters and digits that are no part of an escape."""
    for _ in range(QUOTINGS_IN_EACH_OTHER):
        before, text = text, html.unescape(unquote(text, "latin-1"))
        text = _NUMBERED.sub(lambda found: chr(int(found[1], 16)), text)
        if text == before:
            break
    return _ESCAPES_AND_SIGNS.sub("", text)


def _parts(skeleton: str) -> list[str]:
    if len(skeleton) <= LONG_ENOUGH:
        return [skeleton] if len(skeleton) >= SHORTEST_SKELETON else []
    return [skeleton[start : start + LONG_ENOUGH] for start in range(len(skeleton) - LONG_ENOUGH + 1)]
