"""What each release of Concertim expects of names and grants: the presets of the setting ui_release."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lib.settings.sections import StandingGrant

# Concertim's other services take only projects with this in their name and in that of their user, from v1.2 on.
NAME_PREFIX = "CM_"
# They read a project as the first of these accounts. The second rates what it costs.
WATCHER = ("concertim", "watcher")
RATING = ("cloudkitty", "rating")


@dataclass(frozen=True)
class Preset:
    """The defaults of these settings at a site with one release of Concertim."""

    user_name: str
    project_name: str
    team_name: str
    standing_grants: tuple[StandingGrant, ...]


_RATED = StandingGrant(username=RATING[0], roles=(RATING[1],))
_WATCHED_BY_MEMBER = StandingGrant(username=WATCHER[0], roles=(WATCHER[1], "member"))
_WATCHED = StandingGrant(username=WATCHER[0], roles=(WATCHER[1],))
# The names that the older service gave from v0.1.2 on, which runs beside UI v0.2.2 and later.
_CM_NAMES = ("CM_{username}", "CM_{username}_proj", "CM_{name}")

EARLIEST = Preset("concertim_{username}", "concertim_{username}_project", "concertim_{name}", (_WATCHED_BY_MEMBER,))
# The older service granted the second one where billing was on, as it is by default in Concertim's playbook.
_BILLED = Preset(*_CM_NAMES, (_WATCHED_BY_MEMBER, _RATED))
PRESETS: Mapping[str | None, Preset] = MappingProxyType(
    {None: EARLIEST, "v0.2.1": EARLIEST}
    | dict.fromkeys(("v0.2.3", "v1.0", "v1.1"), _BILLED)
    | {"v1.2": Preset(*_CM_NAMES, (_WATCHED, _RATED))}
)
# From this release on, Concertim's other services find projects by name.
BY_NAME = "v1.2"


def preset_in(data: Mapping[str, Any]) -> Preset:
    """Returns the preset for settings of which these are known."""
    return PRESETS[data.get("ui_release")]
