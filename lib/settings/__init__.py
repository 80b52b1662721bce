"""The settings: what an operator may choose, how it is checked, and where it is read from."""

from lib.settings.loading import current as current
