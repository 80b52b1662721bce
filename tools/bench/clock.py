"""Measures how long a step takes, and lets steps take turns."""

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

Name = TypeVar("Name")


def seconds_of(step: Callable[[], object]) -> float:
    """Returns the seconds that this step takes."""
    begun = time.monotonic()
    step()
    return time.monotonic() - begun


def processor_seconds(process: psutil.Process) -> float:
    """Returns the seconds of processor time that a process has taken so far."""
    times = process.cpu_times()
    return times.user + times.system


def turned(names: list[Name], by: int) -> list[Name]:
    """Returns the names in their order, but beginning with another each time."""
    by %= len(names)
    return names[by:] + names[:by]
