"""A progress bar on standard error, where that is a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

from lib.call import log
from lib.command_line.output import put

if TYPE_CHECKING:
    from tqdm import tqdm

# The size of a terminal that says 0, as those of containers may. tqdm would show nothing there.
COLUMNS, LINES = 80, 24


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, str], None]]:
    """Yields what is called at each step with a line for standard output, and with a remark for the bar."""
    if not _is_terminal():
        yield lambda line, _: put(line)
        return
    with _bar(total, " rows") as bar:

        def step(line: str, remark: str) -> None:
            # Where both are the same terminal, the line takes the place of the bar, and the bar that of the next line.
            with bar.external_write_mode(sys.stdout):
                put(line)
            bar.set_postfix_str(remark, refresh=False)
            bar.update()

        yield step


@contextmanager
def steps_of(unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what is called with how many of how many are done."""
    if not _is_terminal():
        yield lambda _done, _of: None
        return
    with _bar(None, unit) as bar:

        def step(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        yield step


def _is_terminal() -> bool:
    return bool(sys.stderr) and sys.stderr.isatty()


def _bar(total: int | None, unit: str) -> "tqdm[Any]":
    """Returns the bar. From now on, the log goes to its file alone, as its lines would tear the bar apart."""
    # Imported here, as only this needs it.
    from tqdm import tqdm

    # In place of its own, which is one for several processes, and from Python 3.14 on begins one to look after it.
    tqdm.set_lock(RLock())
    log.to_file_alone()
    size = os.get_terminal_size(sys.stderr.fileno())
    columns, lines = size.columns or COLUMNS, size.lines or LINES
    return tqdm(total=total, unit=unit, file=sys.stderr, ncols=columns, nrows=lines)
