"""How many requests this process serves at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from lib import settings
from lib.errors import Overloaded

# What serves GET / and says that the service is busy while all places are taken: both take a millisecond.
SPARE_THREADS = 4

_lock = Lock()
_taken = 0


@contextmanager
def place() -> Iterator[None]:
    """One of the places that the setting `max_concurrent_requests` gives. Raises Overloaded when all are taken."""
    global _taken
    with _lock:
        if _taken >= settings.current().max_concurrent_requests:
            raise Overloaded("The service is busy with as many requests as it may serve at once. Repeat the request.")
        _taken += 1
    try:
        yield
    finally:
        with _lock:
            _taken -= 1
