"""What `python handler.py` does on SIGHUP: it opens the log again, and reads the files with secrets again."""

from lib import settings
from lib.call import log
from lib.errors import Misconfigured
from lib.settings.loading import read_secrets_again


class HangUp:
    """SIGHUP, which is noted when it comes, and heeded by the loop of the server.

    The handler of a signal interrupts any code, and would wait for ever for a lock that this code holds.
    """

    def __init__(self) -> None:
        self._noted = False

    def note(self, *_: object) -> None:
        """Notes that the signal came. This is its handler."""
        self._noted = True

    def heed(self) -> None:
        """Does what the signal asks for, if it has come since the last time."""
        if self._noted:
            # It may come once more while the files are read.
            self._noted = False
            is_open = log.configure(settings.current())
            _read_secrets("the log is open" if is_open else "the log cannot be opened")


def _read_secrets(of_the_log: str) -> None:
    before = settings.current()
    try:
        files = read_secrets_again()
    except Misconfigured as error:
        log.logger.error("SIGHUP: the secrets in force stay. %s", "; ".join(error.message.splitlines()))
        return
    now = settings.current()
    told = "no file with a secret is named"
    if files:
        what = "the same as before" if now.jwt_secret == before.jwt_secret else "a new one"
        also = ", and tokens of the previous one are accepted, too" if now.jwt_secret_previous else ""
        if before.jwt_secret_previous and not now.jwt_secret_previous:
            also = ", and tokens of the previous one are refused from now on"
        told = f"read {' and '.join(files)} again: the secret is {what}{also}"
    log.logger.info("SIGHUP: %s; %s", of_the_log, told)
