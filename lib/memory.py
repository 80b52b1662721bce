"""A bounded memory in which each thing is made once, however many ask for it at the same time."""

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
class _Making(Generic[_Value]):
    """A value, or the wait for one."""

    ends: float
    """When the time of the call that makes it is over."""
    value: "Future[_Value]" = field(default_factory=Future)

    def is_late(self) -> bool:
        """Whether its maker hangs: its call was answered long since, and nobody should wait for it."""
        return not self.value.done() and self.ends <= time.monotonic()


class Memory(Generic[_Key, _Value]):
    """Keeps at most `size` values, each for at most `seconds`. A failure goes to all who waited, and is not kept."""

    def __init__(self, size: int, seconds: float) -> None:
        self._kept: TTLCache[_Key, _Making[_Value]] = TTLCache(size, seconds)
        self._lock = Lock()

    def get(self, key: _Key, make: Callable[[], _Value]) -> _Value:
        """The kept value, or the one that `make` makes; waits for another thread no longer than the call may."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.is_late():
                mine = self._kept[key] = _Making[_Value](ends=call.current().ends)
                kept = None
        if kept is None:
            return self._made(key, mine, make)
        left = call.current().seconds_left()
        try:
            return kept.value.result(None if math.isinf(left) else left)
        except TimeoutError:
            raise DeadlineExceeded("Keystone took too long to answer. Repeat the request.") from None

    def _made(self, key: _Key, making: "_Making[_Value]", make: Callable[[], _Value]) -> _Value:
        try:
            making.value.set_result(make())
        except BaseException as error:
            with self._lock:
                if self._kept.get(key) is making:
                    del self._kept[key]
            making.value.set_exception(error)
        return making.value.result()

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._kept.clear()
