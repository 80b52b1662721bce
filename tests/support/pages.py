"""Reads the documents of this repository in parts, for the tests that hold them to the code."""

import re

from tests.support.service import ROOT


def text_of(name: str) -> str:
    """Returns the text of a file of this repository."""
    return (ROOT / name).read_text()


def section_of(page: str, heading: str) -> str:
    """Returns the text under the first heading that has this text in it, up to the next heading."""
    found = re.search(rf"^#+ [^\n]*{re.escape(heading)}[^\n]*$(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def part_of(page: str, heading: str) -> str:
    """Returns the text under this heading of the second level, with the headings below it."""
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def names_of(route: tuple[str, str]) -> str:
    """Returns a route as documents write it."""
    return " ".join(route)
