"""Whether this process is being stopped, and by when the calls that it still serves must end."""

import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from lib.errors import Stopping

# Done as soon as the process begins to stop, so that a thread can wait for this together with something else.
begun: "Future[float]" = Future()


def begin(seconds: float) -> None:
    """Lets no call begin, and ends those being served within so many seconds. Only the first time counts."""
    # A lock here would wait for ever: a second signal may interrupt the first one in the same thread.
    with suppress(InvalidStateError):
        begun.set_result(time.monotonic() + seconds)


def raise_if_begun() -> None:
    """Raises Stopping once the process is being stopped."""
    if begun.done():
        raise Stopping("The service is being stopped. Repeat the request.")


def ends() -> float:
    """Returns when calls must have ended, on the monotonic clock: infinity unless the process is being stopped."""
    return begun.result() if begun.done() else float("inf")
