"""A bounded cache in which each value is made once, however many threads ask for it at the same time."""

import math
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TTLCache

from lib import call
from lib.errors import DeadlineExceeded

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


@dataclass(frozen=True, eq=False)
class _Entry(Generic[_Value]):
    """A value, or the wait for one."""

    ends: float
    """When the time of the call that makes the value is over."""
    value: "Future[_Value]" = field(default_factory=Future)

    def is_late(self) -> bool:
        """Whether the call that makes it is over and has left no value. Nobody should wait for it."""
        return not self.value.done() and self.ends <= time.monotonic()


class SingleFlightCache(Generic[_Key, _Value]):
    """Keeps at most `size` values, each for at most `seconds`. A failure goes to all who waited and is not cached.

    `step` is what Keystone is asked to do for a value, as in "log in".
    """

    def __init__(self, size: int, seconds: float, step: str) -> None:
        self._step = step
        self._entries: TTLCache[_Key, _Entry[_Value]] = TTLCache(size, seconds)
        self._lock = Lock()

    def get(self, key: _Key, make: Callable[[], _Value]) -> _Value:
        """Returns the cached value, or the one that `make` makes. Waits no longer for it than the call may take."""
        with self._lock:
            cached = self._entries.get(key)
            if cached is None or cached.is_late():
                mine = self._entries[key] = _Entry[_Value](ends=call.current().ends)
                cached = None
        if cached is None:
            return self._made(key, mine, make)
        with call.current().asking(self._step):
            left = call.current().seconds_left()
            try:
                return cached.value.result(None if math.isinf(left) else left)
            except TimeoutError:
                told = f"Keystone took too long to {self._step}. Repeat the request."
                raise DeadlineExceeded(told, step=self._step) from None

    def _made(self, key: _Key, entry: "_Entry[_Value]", make: Callable[[], _Value]) -> _Value:
        try:
            entry.value.set_result(make())
        except BaseException as error:
            with self._lock:
                if self._entries.get(key) is entry:
                    del self._entries[key]
            entry.value.set_exception(error)
        return entry.value.result()

    def clear(self) -> None:
        """Forgets every value."""
        with self._lock:
            self._entries.clear()
