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
# How much of a text is looked through, and so how much of it can be used at all.
LONGEST_READ = 16_000
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
# A character by its number. The look behind keeps a long run of backslashes from being tried from each of them.
_NUMBERED = re.compile(r"(?<!\\)\\+(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U00((?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}))")
_BY_LETTER = re.compile(r"(?<!\\)\\+[abfnrtv0]?")


def mask(text: str) -> str:
    """The text without the secrets of the call being served, in whatever way they are quoted in it; never raises.

    Nothing of it is left where a very short secret would show by the gaps it leaves in ordinary words, or where a part
    of one is still there, quoted in a way that nobody has thought of.
    """
    try:
        return _masked(text[:LONGEST_READ], [*call.current().secrets], cut_off=len(text) > LONGEST_READ)
    except ValueError:
        # Numbers of thousands of digits, half characters: nobody has anything to tell with those.
        return MASK


def shown(text: str) -> str:
    """Another's text as messages may quote it: masked, in one line, with what cannot be printed escaped."""
    one_line = " ".join(mask(text).split())
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in one_line)


def _masked(text: str, secrets: list[str], *, cut_off: bool) -> str:
    spellings = sorted({one for secret in secrets for one in _spellings(secret)} - {""}, key=len, reverse=True)
    for spelling in spellings:
        if len(spelling) < SHORTEST_IN_TEXT and spelling in text:
            return MASK
        text = text.replace(spelling, MASK)
    if cut_off and spellings:
        # The last secret may have been cut in two.
        text = text[: -len(spellings[0])]
    decoded = _decoded(text)
    return MASK if any(_is_in(secret, decoded) for secret in secrets) else text


def _spellings(secret: str) -> set[str]:
    """The ways in which Keystone, a proxy or a library may quote a value: as it is, quoted, and a quotation quoted."""
    once = {secret, *(quoting(secret) for quoting in _QUOTINGS)}
    return once | {quoting(one) for one in once for quoting in _QUOTINGS}


def _decoded(text: str) -> str:
    """The text with the escapes of URLs, pages and programming languages undone, however often they were made."""
    for _ in range(QUOTINGS_IN_EACH_OTHER):
        before, text = text, html.unescape(unquote(text))
        text = _NUMBERED.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), text)
        # JSON has a character beyond U+FFFF as two halves.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if text == before:
            break
    return text


def _is_in(secret: str, decoded: str) -> bool:
    """Whether a part of the secret is in it: by letters and digits, which quoting leaves alone, or else by signs."""
    wanted = _decoded(secret)
    skeleton = _letters_and_digits(wanted)
    if len(skeleton) < SHORTEST_SKELETON:
        whole = _signs(wanted)
        return len(whole) >= SHORTEST_SKELETON and whole in _signs(decoded)
    size = min(LONG_ENOUGH, len(skeleton))
    return not _runs(skeleton, size).isdisjoint(_runs(_letters_and_digits(decoded), size))


def _letters_and_digits(decoded: str) -> str:
    return re.sub("[^0-9A-Za-z]", "", _BY_LETTER.sub("", decoded))


def _signs(decoded: str) -> str:
    return re.sub(r"[\\\s]", "", decoded)


def _runs(text: str, size: int) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}
