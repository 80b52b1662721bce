"""Standard output of the command line, which may end before all was written."""

import os
import sys


def put(text: str) -> None:
    """Writes the text as lines. What was done is not undone where nobody reads the text, or a disk is full."""
    try:
        print(text, flush=True)
    except OSError as error:
        # Python writes what is left once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"cannot write to standard output: {error.strerror}", file=sys.stderr)
