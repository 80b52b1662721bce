"""What a process does once, however many threads ask for it first."""

from collections.abc import Callable
from functools import update_wrapper
from threading import Lock
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Once(Generic[_Result]):
    """Decorates a function without arguments: it runs once, and every call gets the result of that run.

    Calls that come while it runs wait for its end; functools.cache would run it again for each of them. A failure is
    raised to its own caller and not cached, so the next call runs the function again.
    """

    def __init__(self, function: Callable[[], _Result]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._lock = Lock()
        self._cached: tuple[_Result] | None = None

    def __call__(self) -> _Result:
        """Returns the result, without taking the lock once there is one."""
        cached = self._cached
        if cached is None:
            with self._lock:
                cached = self._cached
                if cached is None:
                    cached = self._cached = (self._function(),)
        return cached[0]

    def clear(self) -> None:
        """Lets the next call run the function again."""
        with self._lock:
            self._cached = None
