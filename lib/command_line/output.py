"""What the command line writes. Whoever reads it may go away before the end."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


def put(text: str) -> None:
    """Writes the text as lines. What was done is not undone where nobody reads the text, or a disk is full."""
    with _whoever_reads():
        print(text, flush=True)


def put_bytes(write: Callable[[BinaryIO], object]) -> None:
    """Lets `write` write something long in pieces."""
    with _whoever_reads():
        write(sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextmanager
def _whoever_reads() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Python writes what is left once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"cannot write to standard output: {error.strerror}", file=sys.stderr)


def tell(text: str) -> None:
    """Writes the text as lines to standard error, if that is there."""
    with suppress(OSError):
        if sys.stderr:
            print(text, file=sys.stderr, flush=True)
