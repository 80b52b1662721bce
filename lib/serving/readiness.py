"""Whether a request would be served now: the settings, the stop, the slots and, if a setting says so, Keystone."""

import time
from threading import Lock

from lib import call, settings
from lib.call import shutdown
from lib.errors import KeystoneFailed, NotKeystone, Problem, UnclearAnswer
from lib.keystone.connect import check_answers, load_ahead
from lib.serving import admission, startup

# Seconds that Keystone has to answer. Kubernetes waits one second by default, and many load balancers two.
ANSWER_SECONDS = 2
# Seconds for which an answer counts, so that nobody can have Keystone asked more often.
COUNTS_SECONDS = 2


def check() -> None:
    """Raises the problem for which a request would be refused now."""
    startup.prepare()
    load_ahead()
    shutdown.raise_if_begun()
    admission.raise_if_full()
    auth_url = settings.current().readiness_auth_url
    if auth_url:
        keystone.check(auth_url)


class _Keystone:
    """Whether Keystone answers. One thread asks at a time, and the others go by what it found last."""

    def __init__(self) -> None:
        self._asking = Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets what was found."""
        self._counts_until = 0.0
        self._problem: tuple[type[Problem], str] | None = (KeystoneFailed, "it was not asked yet")

    def check(self, auth_url: str) -> None:
        """Raises KeystoneFailed if nothing answers, and NotKeystone if what answers is no Keystone."""
        # A thread that waited here would be one less to serve requests while Keystone hangs.
        if time.monotonic() >= self._counts_until and self._asking.acquire(blocking=False):
            try:
                self._problem = _problem_of(auth_url)
                self._counts_until = time.monotonic() + COUNTS_SECONDS
            finally:
                self._asking.release()
        if self._problem:
            kind, detail = self._problem
            what = "What answers there is not a Keystone" if kind is NotKeystone else "Keystone does not answer"
            raise kind(f"{what}: see the setting readiness_auth_url.", detail=detail)


keystone = _Keystone()


def _problem_of(auth_url: str) -> tuple[type[Problem], str] | None:
    """Returns the kind of what is wrong with Keystone's answer, with what the log tells of it, or None."""
    this = call.current()
    this.ends = time.monotonic() + ANSWER_SECONDS
    try:
        check_answers(auth_url)
    except (NotKeystone, UnclearAnswer) as why:
        return NotKeystone, why.detail
    except Problem as why:
        return KeystoneFailed, why.detail or why.message
    return None
