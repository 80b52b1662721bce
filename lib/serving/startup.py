"""What a process does before it serves, on any host: it opens the log, and tells the settings and their dangers."""

import logging
import os
from collections.abc import Iterator
from typing import TextIO

from lib import call, settings
from lib.call import log
from lib.call.once import Once
from lib.errors import Misconfigured
from lib.serving import metrics_listener
from lib.settings.files import why_unwritable
from lib.settings.loading import DEFAULT_PATH, PATH_VARIABLE, TEXT_VARIABLE, warnings
from lib.settings.placement import SECRETS
from lib.settings.settings import Settings
from lib.settings.siblings import told_preset, what_hides_clusters


@Once
def prepare() -> None:
    """Opens the log and logs the settings, once. Raises Misconfigured as long as the settings cannot be used."""
    try:
        ours = settings.current()
    except Misconfigured:
        _open_default_log()
        raise
    log.configure(ours)
    with call.outside():
        for level, text in to_tell(ours):
            log.logger.log(getattr(logging, level), "%s", text)
        metrics_listener.listen(ours)


def tell_mistakes(error: Misconfigured, stream: TextIO) -> None:
    """Writes each mistake in the settings in the form of the log, for a process that ends because of them.

    The file of the log is not known then.
    """
    log.configure(Settings(), stream, to_file=False)
    for mistake in error.message.splitlines():
        log.logger.critical("%s", mistake)


@Once
def _open_default_log() -> None:
    """Opens the log by the defaults, where an operator looks for what is wrong with the settings."""
    log.configure(Settings())


def to_tell(ours: Settings) -> Iterator[tuple[str, str]]:
    """Returns what to say of the settings: each time the level and the sentence."""
    source = os.environ.get(PATH_VARIABLE) or DEFAULT_PATH
    if os.environ.get(TEXT_VARIABLE):
        source = f"the environment variable {TEXT_VARIABLE}"
    if source == DEFAULT_PATH and not DEFAULT_PATH.exists():
        yield "WARNING", f"there is no settings file at {source}: the defaults hold"
    else:
        given = ", ".join(sorted(ours.model_fields_set - SECRETS.keys())) or "nothing"
        yield "INFO", f"settings from {source}: it sets {given}"
    if preset := told_preset(ours):
        yield "INFO", preset
    for danger in (*warnings(), *_dangers(ours), *what_hides_clusters(ours)):
        yield "WARNING", danger


def doubts_of_files(ours: Settings) -> Iterator[tuple[str, str]]:
    """Returns what would be said at the start of a log that cannot be written: each time the level and the sentence."""
    if why := why_unwritable(ours.log_file):
        yield "WARNING", f"cannot write the log file {ours.log_file}: {why}"


def _dangers(ours: Settings) -> Iterator[str]:
    """Says what the settings leave open that an operator should know of."""
    if ours.jwt_secret is None:
        yield (
            "anybody who reaches this port may call: none of JWT_SECRET, JWT_SECRET_FILE and jwt_secret_file is set."
            " Set one as the Concertim UI has it, unless the UI is older than v1.0.0, which sends no token"
        )
    if ours.allowed_auth_urls is None:
        yield (
            "callers choose which hosts this service connects to: the setting allowed_auth_urls is not set. Set it to"
            " the URL of your Keystone"
        )
    if ours.insecure:
        yield "certificates of https Keystones are not verified: the setting insecure is true. Passwords can be stolen"
    if "ignore_lockout_failure_attempts" in ours.user_options:
        yield (
            "the passwords of new users can be guessed without end: user_options has ignore_lockout_failure_attempts,"
            " which keeps Keystone from locking them after failed log-ins"
        )
    for team_role, role in ours.team_roles:
        if role == "admin":
            yield (
                f"team_roles makes every {team_role} of a team a cloud administrator: on a stock Keystone the role"
                " admin on any project is that"
            )
