"""Keystone: the connection, and the steps that a recipe is made of. All that knows keystoneauth and keystoneclient.

Loaded with the first step that is asked for, as these libraries take longer to load than all else together.
"""

import gc
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from lib.once import Once

if TYPE_CHECKING:
    from lib.keystone.steps import *  # noqa: F403


def __getattr__(name: str) -> Any:
    # Not for the modules in here: they import each other by whole names, else this would load all before the one.
    return getattr(import_module("lib.keystone.steps"), name)


@Once
def load_ahead() -> None:
    """Begins to load it all, before a step is asked for.

    Not for the time of an import: a process that is forked off meanwhile would wait for ever for what is being loaded.
    """
    Thread(target=_load, daemon=True).start()


def _load() -> None:
    import_module("lib.keystone.steps").load_client()
    # All this stays: the collector of garbage need not look through it again and again, a twentieth of our own work.
    gc.freeze()
