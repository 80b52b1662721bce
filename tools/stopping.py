"""Lets a program stop what it has started, at whatever moment Ctrl-C or SIGTERM comes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping() -> Iterator[None]:
    """Ends the block at SIGINT or SIGTERM. However it ends, none of its processes is left, and this is said."""
    for one in SIGNALS:
        signal.signal(one, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        # What the block has started was stopped on the way here.
        pass
    finally:
        _kill_children()
        print("\nThe service and Keystone were stopped.", flush=True)


def _interrupt(*_: Any) -> None:
    # A second signal must not break off the stopping that the first one begins.
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


def _kill_children() -> None:
    """Kills the processes that are left: a signal can come after one is started and before its caller knows it."""
    children = psutil.Process().children()
    for child in children:
        child.kill()
    psutil.wait_procs(children)
