"""The types of the fixtures that many tests ask for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

RequestOf = Callable[..., dict[str, Any]]
"""Builds a request; keywords replace or add fields of it."""
SettingsFile = Callable[[str], Path]
"""Puts the settings in a text of a config.yaml in force, and returns their file."""
