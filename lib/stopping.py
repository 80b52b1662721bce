"""Whether this process is being stopped, and by when the calls it still serves must end."""

import time
from concurrent.futures import Future

# Done as soon as the process begins to stop, so that whoever waits for something can wait for this as well.
begun: "Future[float]" = Future()


def begin(seconds: float) -> None:
    """Ends every call within so many seconds, and lets none begin; said a second time, it changes nothing."""
    if not begun.done():
        begun.set_result(time.monotonic() + seconds)


def ends() -> float:
    """When calls must have ended, on the monotonic clock; infinity while nothing stops."""
    return begun.result() if begun.done() else float("inf")
