"""Finds the commands of docs/runbook.md."""

import re

from tests.support.pages import section_of

PAGE = "docs/runbook.md"
# A block of commands: indented lines below an empty one.
BLOCK = re.compile(r"(?<=\n\n)(?:    [^\n]*\n)+")


def blocks_of(page: str, heading: str) -> list[str]:
    """Returns the blocks of commands under this heading."""
    return BLOCK.findall(section_of(page, heading))
