"""What a process does before it serves, whatever hosts it: opens the log, tells the settings and their dangers."""

import os
from collections.abc import Iterator

from lib import log, settings
from lib.errors import Misconfigured
from lib.once import Once
from lib.settings import Settings


@Once
def prepare() -> None:
    """Does so once. Raises Misconfigured, each time, while there are no settings that can be used; the log says why."""
    try:
        ours = settings.current()
    except Misconfigured:
        _open_default_log()
        raise
    log.configure(ours)
    source = os.environ.get(settings.PATH_VARIABLE) or settings.DEFAULT_PATH
    if os.environ.get(settings.TEXT_VARIABLE):
        source = f"the environment variable {settings.TEXT_VARIABLE}"
    if source == settings.DEFAULT_PATH and not settings.DEFAULT_PATH.exists():
        log.logger.warning("there is no settings file at %s: the defaults hold", source)
    else:
        given = ", ".join(sorted(ours.model_fields_set - {"jwt_secret"})) or "nothing"
        log.logger.info("settings from %s: it sets %s", source, given)
    for danger in _dangers(ours):
        log.logger.warning(danger)


@Once
def _open_default_log() -> None:
    """Opens the log where an operator looks for what is wrong, and not anew with each request until it is mended."""
    log.configure(Settings())


def _dangers(ours: Settings) -> Iterator[str]:
    """What the settings leave open, and an operator should know."""
    if ours.jwt_secret is None:
        yield (
            "anybody who reaches this port may call: neither JWT_SECRET nor jwt_secret_file is set. Set it as the"
            " Concertim UI has it, unless the UI is older than v1.0.0, which sends no token"
        )
    if ours.allowed_auth_urls is None:
        yield (
            "callers choose which hosts this service connects to: the setting allowed_auth_urls is not set. Set it to"
            " the URL of your Keystone"
        )
    if ours.insecure:
        yield "certificates of https Keystones are not verified: the setting insecure is true. Passwords can be stolen"
    for team_role, role in ours.team_roles:
        if role == "admin":
            yield (
                f"team_roles makes every {team_role} of a team a cloud administrator: on a stock Keystone the role"
                " admin on any project is that"
            )
