"""The log: one line for each call, with its request id, and with no secret in it."""

import json
import logging
import sys
from urllib.parse import quote

from lib import call
from lib.settings import Settings

# Ours alone: keystoneauth's own debug log holds tokens, so nothing of it is ever handed to our handlers.
logger = logging.getLogger("user_handler")

_FORMAT = "%(asctime)s - [%(levelname)s] (%(module)s) - [%(request_id)s] %(message)s"


class _RequestId(logging.Filter):
    """Puts the request id of the call being served into each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = call.current().request_id
        return True


def configure(settings: Settings) -> None:
    """Sends our log to standard output at the level the settings ask for."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.addFilter(_RequestId())
    logger.handlers[:] = [handler]
    logger.setLevel(settings.log_level)
    logger.propagate = False


def mask(text: str) -> str:
    """The text without the secrets of the call being served, in whatever way they are quoted in it."""
    spellings = {
        spelling
        for secret in call.current().secrets
        for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret), quote(secret, safe=""))
    }
    for spelling in sorted(filter(None, spellings), key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text
