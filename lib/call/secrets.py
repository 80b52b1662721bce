"""The secrets of a call, and whether a part of one of them is in a text."""

import html
import re
from binascii import b2a_base64
from collections.abc import Iterable
from threading import Lock
from urllib.parse import unquote

# Letters and digits in a row: enough of a secret to give it away, and the fewest that no text has by chance.
LONG_ENOUGH, SHORTEST = 10, 4
# A secret in JSON, in an exception, in a URL, in a page: more have not been seen.
QUOTINGS_IN_EACH_OTHER = 6

# A character by its number. The look behind keeps a long run of backslashes from being tried from each of them.
_NUMBERED = re.compile(r"(?<!\\)\\+(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U00((?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}))")
_MAY_BE_ESCAPED = re.compile(r"[%&\\]")
_BY_LETTER = re.compile(r"(?<!\\)\\+[abfnrtv0]?")
_HALVES = re.compile(f".{{{LONG_ENOUGH // 2}}}")
_OTHER_SIGNS = re.compile("[^0-9A-Za-z]+")


class Secrets:
    """Some secrets. Threads may add to them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = Lock()
        self._known: set[str] = set()
        # Most calls never look for their secrets, so these are read when one does.
        self._unread: set[str] = set()
        self._long, self._short, self._signs = "", list[str](), list[str]()
        self.update(secrets)

    def update(self, secrets: Iterable[str]) -> None:
        """Adds these secrets."""
        with self._lock:
            new = {*secrets} - self._known
            self._known |= new
            self._unread |= new

    def are_in(self, text: str) -> bool:
        """Whether a part of a secret is in it, by letters and digits, which quoting leaves alone, or else by signs.

        Raises ValueError for a text that nobody could read, such as one with numbers of thousands of digits.
        """
        with self._lock:
            for secret in [*self._unread]:
                self._read(secret)
                self._unread.remove(secret)
        decoded = _decoded(text)
        letters = _letters_and_digits(decoded)
        return (
            any(short in letters for short in self._short)
            or (bool(self._signs) and any(one in _without_quoting(decoded) for one in self._signs))
            or _have_a_run_in_common(letters, self._long)
        )

    def _read(self, secret: str) -> None:
        for form in _forms(secret):
            decoded = _decoded(form)
            letters = _letters_and_digits(decoded)
            if len(letters) >= LONG_ENOUGH:
                self._long += f" {letters}"
            elif len(letters) >= SHORTEST:
                self._short.append(letters)
            elif signs := _without_quoting(decoded):
                self._signs.append(signs)


def _forms(secret: str) -> set[str]:
    """Returns the secret, and two forms of it that _decoded cannot undo: read as Latin-1, and in Base64."""
    data = secret.encode()
    return {secret, data.decode("latin-1"), b2a_base64(data, newline=False).decode()} - {""}


def _decoded(text: str) -> str:
    """Undoes the escapes of URLs, pages and programming languages, however often they were made."""
    if text.isascii() and not _MAY_BE_ESCAPED.search(text):
        return text
    for _ in range(QUOTINGS_IN_EACH_OTHER):
        before, text = text, html.unescape(unquote(text))
        if "\\" in text:
            text = _NUMBERED.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), text)
        if not text.isascii():
            # JSON has a character beyond U+FFFF as two halves.
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if text == before:
            break
    return text


def _have_a_run_in_common(text: str, secrets: str) -> bool:
    """Whether LONG_ENOUGH characters in a row of the text are in the secrets, too."""
    # Wherever such a run begins, a whole half of one is at one of these places. That is seldom so by chance.
    if not [half for half in _HALVES.findall(text) if half in secrets]:
        return False
    return any(text[at : at + LONG_ENOUGH] in secrets for at in range(len(text) - LONG_ENOUGH + 1))


def _letters_and_digits(decoded: str) -> str:
    return _OTHER_SIGNS.sub("", _BY_LETTER.sub("", decoded) if "\\" in decoded else decoded)


def _without_quoting(decoded: str) -> str:
    return re.sub(r"[\\\s]+", "", decoded)
