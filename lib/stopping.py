"""Whether this process is being stopped, and by when the calls it still serves must end."""

import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from lib.errors import Stopping

# Done as soon as the process begins to stop, so that whoever waits for something can wait for this as well.
begun: "Future[float]" = Future()


def begin(seconds: float) -> None:
    """Lets no call begin, and ends those being served within so many seconds; a second time, it changes nothing."""
    # No look before: a second signal may come just then, in the same thread, where a lock would wait for ever.
    with suppress(InvalidStateError):
        begun.set_result(time.monotonic() + seconds)


def refuse() -> None:
    """Raises Stopping once the process is being stopped."""
    if begun.done():
        raise Stopping("The service is being stopped. Repeat the request.")


def ends() -> float:
    """When calls must have ended, on the monotonic clock; infinity while nothing stops."""
    return begun.result() if begun.done() else float("inf")
