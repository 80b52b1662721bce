"""The names of Concertim's users and projects in Keystone, from a login or team and the templates of the settings."""

import hashlib
import re
from collections.abc import Sequence

from lib import settings
from lib.keystone.client import marks

# Keystone's own limits.
USER_NAME_LENGTH = 255
PROJECT_NAME_LENGTH = 64

# Two of a million long logins have the same twelve hex digits with a chance of one in 500. Their marks still differ.
_HASH_LENGTH = 12
# No login and no team name can hold this sign, so a shortened name never equals a whole one.
_HASH_SIGN = "~"

# What the UI lets a login and a team's name be made of.
_FILLINGS = {"{username}": r"([0-9A-Za-z._-]+)", "{name}": r"([0-9A-Za-z_ \t\r\n\f\v-]+)"}


def keystone_name(kind: str, owner: str) -> str:
    """Returns the Keystone name of a login's user or project, or of a team's project."""
    return possible_names(kind, owner)[0]


def possible_names(kind: str, owner: str) -> list[str]:
    """Returns the name that this service gives, and after it those that the older service gave."""
    longest = USER_NAME_LENGTH if kind == marks.USER else PROJECT_NAME_LENGTH
    return [fill(template, owner, longest) for template in _templates(kind)]


def legacy_owners(kind: str, name: str) -> set[tuple[str, str]]:
    """Returns the (kind, login or team) for whom the older service may have given this name.

    The current templates do not count, as what is created by them has a mark.
    """
    fitting = (re.fullmatch(_pattern(template), name) for template in _templates(kind)[1:])
    return {(kind, match[1]) for match in fitting if match}


def whole_length(kind: str) -> int:
    """Returns how long a login or team may be before its name is cut, which may be less than nothing."""
    longest = USER_NAME_LENGTH if kind == marks.USER else PROJECT_NAME_LENGTH
    template = _templates(kind)[0]
    return longest - len(template.replace("{username}", "").replace("{name}", ""))


def fill(template: str, owner: str, longest: int) -> str:
    """Returns the template with the login or team in it. If Keystone cannot store that, it is cut and hashed.

    The same owner always gets the same name, by which a repeated request finds what it has made.
    """
    whole = template.replace("{username}", owner).replace("{name}", owner)
    # Keystone strips spaces at the ends, which may be all that tells two teams apart.
    if len(whole) <= longest and whole == whole.strip():
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{whole.strip()[: longest - len(_HASH_SIGN) - _HASH_LENGTH]}{_HASH_SIGN}{digest}"


def _templates(kind: str) -> Sequence[str]:
    ours = settings.current()
    legacy = ours.legacy_templates
    return {
        marks.USER: (ours.user_name, *legacy.user_name),
        marks.PROJECT: (ours.project_name, *legacy.project_name),
        marks.TEAM: (ours.team_name, *legacy.team_name),
    }[kind]


def _pattern(template: str) -> str:
    """Returns the template as a regular expression in which its placeholder is a group."""
    for placeholder, filling in _FILLINGS.items():
        before, found, after = template.partition(placeholder)
        if found:
            return re.escape(before) + filling + re.escape(after)
    raise ValueError(template)
