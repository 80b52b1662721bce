"""How many requests this process serves in parallel."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from lib import settings
from lib.call import metrics
from lib.errors import Overloaded

# These threads serve what needs no slot, and say that the service is busy while all slots are in use. Each answer takes
# milliseconds, except that one `GET /readyz` at a time may wait for Keystone.
SPARE_THREADS = 4

_lock = Lock()
_in_use = 0


def raise_if_full() -> None:
    """Raises Overloaded when all `max_concurrent_requests` slots are in use."""
    if _in_use >= settings.current().max_concurrent_requests:
        raise Overloaded("The service is busy with as many requests as it may serve in parallel. Repeat the request.")


@contextmanager
def slot() -> Iterator[None]:
    """Holds one slot. Raises Overloaded when all are in use."""
    global _in_use
    with _lock:
        raise_if_full()
        _in_use += 1
    try:
        metrics.slots_in_use(1)
        yield
    finally:
        metrics.slots_in_use(-1)
        with _lock:
            _in_use -= 1
