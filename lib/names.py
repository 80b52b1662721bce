"""The names of Concertim's users and projects in Keystone, from a login or team and the templates of the settings."""

import hashlib
import re
from collections.abc import Sequence

from lib import marks, settings

# Keystone's own limits.
USER_NAME_LENGTH = 255
PROJECT_NAME_LENGTH = 64

# Among a million long logins, two clash in twelve hex digits with a chance of one in 500; their marks still differ.
_HASH_LENGTH = 12
# No login and no team name can hold it, so a shortened name never equals a whole one.
_HASH_SIGN = "~"


# What the UI lets a login and a team's name be made of.
_FILLINGS = {"{username}": r"([0-9A-Za-z._-]+)", "{name}": r"([0-9A-Za-z_ \t\r\n\f\v-]+)"}


def name_of(kind: str, owner: str) -> str:
    """The Keystone name of a login's user or project, or of a team's project."""
    return names_of(kind, owner)[0]


def names_of(kind: str, owner: str) -> list[str]:
    """The same, and after it the names that the older service gave."""
    longest = USER_NAME_LENGTH if kind == marks.USER else PROJECT_NAME_LENGTH
    return [name_for(template, owner, longest) for template in _templates(kind)]


def owners(kind: str, name: str) -> set[tuple[str, str]]:
    """Whose this name may be, as (kind, login or team), where there is no mark: by the older service's templates.

    Not by those of now, as what is made by them has a mark.
    """
    fitting = (re.fullmatch(_pattern(template), name) for template in _templates(kind)[1:])
    return {(kind, match[1]) for match in fitting if match}


def _templates(kind: str) -> Sequence[str]:
    ours = settings.current()
    before = ours.legacy_templates
    return {
        marks.USER: (ours.user_name, *before.user_name),
        marks.PROJECT: (ours.project_name, *before.project_name),
        marks.TEAM: (ours.team_name, *before.team_name),
    }[kind]


def _pattern(template: str) -> str:
    """The template as a regular expression, its placeholder a group."""
    for placeholder, filling in _FILLINGS.items():
        before, found, after = template.partition(placeholder)
        if found:
            return re.escape(before) + filling + re.escape(after)
    raise ValueError(template)


def name_for(template: str, owner: str, longest: int) -> str:
    """The template with the login or team in it; if Keystone cannot keep it so, its beginning and a hash of the whole.

    The same owner always gets the same name: it is how a repeated request finds its own work.
    """
    whole = template.replace("{username}", owner).replace("{name}", owner)
    # Keystone trims spaces at the ends, which may be all that tells two teams apart.
    if len(whole) <= longest and whole == whole.strip():
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{whole.strip()[: longest - len(_HASH_SIGN) - _HASH_LENGTH]}{_HASH_SIGN}{digest}"
