"""Keeps the secrets of the call being served out of every text that comes from somebody else."""

import re
from collections.abc import Iterable

from lib.call import context

MASK = "***"
# How much of a text is looked through, and how much of it is used: a secret may be cut in two where the look ends.
LONGEST_READ, LONGEST_TOLD = 16_000, 15_000
# What no name of Concertim's has, and how much of a name is told.
_UNSAFE = re.compile(r"[^\w.@ -]")
LONGEST_NAME = 255


def mask(text: str) -> str:
    """Returns the text, or `***` in place of all of it if any part of a secret is in it. Never raises.

    The whole text is replaced: a gap in an ordinary sentence tells what was in it, and the rest of a secret may follow,
    quoted in a way that nobody has thought of.
    """
    try:
        return MASK if context.current().secrets.are_in(text[:LONGEST_READ]) else text[:LONGEST_TOLD]
    except ValueError:
        # Numbers of thousands of digits and halves of characters are in no text that is worth telling.
        return MASK


def shown(text: str) -> str:
    """Returns another's text as messages may quote it: masked, in one line, what cannot be printed escaped."""
    one_line = " ".join(mask(text).split())
    if one_line.isprintable():
        return one_line
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in one_line)


def shown_name(name: str) -> str:
    """Returns a name as a field of the log: masked, and without what could look like further fields of the line."""
    masked = mask(name)
    return masked if masked == MASK else _without_unsafe(masked)


def shown_names(names: Iterable[str]) -> dict[str, str]:
    """Returns each name with what shown_name makes of it. All are looked through at once, as few hold a secret."""
    each = {*names}
    together = " ".join(each)
    show = _without_unsafe if mask(together) == together else shown_name
    return {name: show(name) for name in each}


def _without_unsafe(name: str) -> str:
    return _UNSAFE.sub("?", name)[:LONGEST_NAME]
