"""The packages that files of requirements pin."""

import re
from pathlib import Path


def pinned(file: Path) -> set[str]:
    """Returns what this file pins, as name==version."""
    return {spelled(pin) for pin in re.findall(r"^[\w.-]+==\S+", file.read_text(), re.MULTILINE)}


def spelled(pin: str) -> str:
    """Returns name==version with the name in the one spelling that Python's packages have in common."""
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"
