"""The names of Concertim's users and projects in Keystone, from a login and the templates of the settings."""

import hashlib

# Keystone's own limits.
USER_NAME_LENGTH = 255
PROJECT_NAME_LENGTH = 64

# Among a million long logins, two clash in twelve hex digits with a chance of one in 500; their marks still differ.
_HASH_LENGTH = 12
# No login and no team name can hold it, so a shortened name never equals a whole one.
_HASH_SIGN = "~"


def name_for(template: str, login: str, longest: int) -> str:
    """The template with the login in it; if too long, a readable beginning and a hash of the whole.

    The same login always gets the same name: it is how a repeated sign-up finds its own work.
    """
    whole = template.replace("{username}", login)
    if len(whole) <= longest:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{whole[: longest - len(_HASH_SIGN) - _HASH_LENGTH]}{_HASH_SIGN}{digest}"
