"""The types of the fixtures that many tests use."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

RequestOf = Callable[..., dict[str, Any]]
"""Builds a request; its keyword arguments replace or add fields."""
SettingsFile = Callable[[str], Path]
"""Applies the settings in the text of a config.yaml, and returns the path of the file."""
