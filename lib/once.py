"""What a process does once, however many threads ask for it first."""

from collections.abc import Callable
from functools import update_wrapper
from threading import Lock
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class Once(Generic[_Result]):
    """Decorates a function without arguments: it runs once, and every call gets the result of that run.

    Calls that come while it runs wait for its end; functools.cache would run it again for each of them. A failure is
    raised to its own caller and not kept, so that the next call runs the function again.
    """

    def __init__(self, function: Callable[[], _Result]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._lock = Lock()
        self._kept: tuple[_Result] | None = None

    def __call__(self) -> _Result:
        """The result, without a lock as soon as there is one."""
        kept = self._kept
        if kept is None:
            with self._lock:
                kept = self._kept
                if kept is None:
                    kept = self._kept = (self._function(),)
        return kept[0]

    def forget(self) -> None:
        """Lets the next call run the function again."""
        with self._lock:
            self._kept = None
