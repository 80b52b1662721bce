"""Keeps the secrets of the call being served out of every text that comes from somebody else."""

import html
import re
from base64 import b64encode
from urllib.parse import unquote

from lib.call import context

MASK = "***"
# How much of a text is looked through, and how much of it is used: a secret may be cut in two where the look ends.
LONGEST_READ, LONGEST_TOLD = 16_000, 15_000
# Letters and digits in a row: enough of a secret to give it away, and the fewest that no text has by chance.
LONG_ENOUGH, SHORTEST = 10, 4
# A secret in JSON, in an exception, in a URL, in a page: more have not been seen.
QUOTINGS_IN_EACH_OTHER = 6

# A character by its number. The look behind keeps a long run of backslashes from being tried from each of them.
_NUMBERED = re.compile(r"(?<!\\)\\+(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U00((?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}))")
_BY_LETTER = re.compile(r"(?<!\\)\\+[abfnrtv0]?")


def mask(text: str) -> str:
    """Returns the text, or `***` in place of all of it if any part of a secret is in it. Never raises.

    The whole text is replaced: a gap in an ordinary sentence tells what was in it, and the rest of a secret may follow,
    quoted in a way that nobody has thought of.
    """
    try:
        decoded = _decoded(text[:LONGEST_READ])
        hidden = (_is_in(form, decoded) for secret in context.current().secrets for form in _forms(secret))
        return MASK if any(hidden) else text[:LONGEST_TOLD]
    except ValueError:
        # Numbers of thousands of digits and halves of characters are in no text that is worth telling.
        return MASK


def shown(text: str) -> str:
    """Returns another's text as messages may quote it: masked, in one line, what cannot be printed escaped."""
    one_line = " ".join(mask(text).split())
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in one_line)


def _forms(secret: str) -> set[str]:
    """Returns the secret, and two forms of it that _decoded cannot undo: read as Latin-1, and in Base64."""
    data = secret.encode()
    return {secret, data.decode("latin-1"), b64encode(data).decode()} - {""}


def _decoded(text: str) -> str:
    """Undoes the escapes of URLs, pages and programming languages, however often they were made."""
    for _ in range(QUOTINGS_IN_EACH_OTHER):
        before, text = text, html.unescape(unquote(text))
        text = _NUMBERED.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), text)
        # JSON has a character beyond U+FFFF as two halves.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if text == before:
            break
    return text


def _is_in(secret: str, decoded: str) -> bool:
    """Whether a part of the secret is in it, by letters and digits, which quoting leaves alone, or else by signs."""
    wanted = _decoded(secret)
    run = _letters_and_digits(wanted)
    if len(run) < SHORTEST:
        signs = _without_quoting(wanted)
        return bool(signs) and signs in _without_quoting(decoded)
    size = min(LONG_ENOUGH, len(run))
    return not _runs(run, size).isdisjoint(_runs(_letters_and_digits(decoded), size))


def _letters_and_digits(decoded: str) -> str:
    return re.sub("[^0-9A-Za-z]", "", _BY_LETTER.sub("", decoded))


def _without_quoting(decoded: str) -> str:
    return re.sub(r"[\\\s]", "", decoded)


def _runs(text: str, size: int) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}
