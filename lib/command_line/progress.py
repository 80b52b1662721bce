"""A progress bar on standard error, where that is a terminal."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

from lib.call import log
from lib.command_line.output import put

# The size of a terminal that says 0, as those of containers may. tqdm would show nothing there.
COLUMNS, LINES = 80, 24


@contextmanager
def progress(total: int) -> Iterator[Callable[[str, str], None]]:
    """Yields what is called at each step with a line for standard output, and with a remark for the bar.

    While there is a bar, the log goes to its file alone, as its lines would tear the bar apart.
    """
    if not (sys.stderr and sys.stderr.isatty()):
        yield lambda line, _: put(line)
        return
    # Imported here, as only this needs it.
    from tqdm import tqdm

    # In place of its own, which is one for several processes, and from Python 3.14 on begins one to look after it.
    tqdm.set_lock(RLock())
    log.to_file_alone()
    size = os.get_terminal_size(sys.stderr.fileno())
    columns, lines = size.columns or COLUMNS, size.lines or LINES
    with tqdm(total=total, unit=" rows", file=sys.stderr, ncols=columns, nrows=lines) as bar:

        def step(line: str, remark: str) -> None:
            # Where both are the same terminal, the line takes the place of the bar, and the bar that of the next line.
            with tqdm.external_write_mode(sys.stdout):
                put(line)
            bar.set_postfix_str(remark, refresh=False)
            bar.update()

        yield step
