"""The service as its users have it: `python handler.py` in a process of its own, on a free loopback port."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def service(*options: str, listen: str = "127.0.0.1:0") -> Iterator[str]:
    """Runs handler.py and gives its URL."""
    process = subprocess.Popen(
        [sys.executable, "handler.py", "--listen", listen, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"listening on (\S+)", line):
                break
        else:
            raise RuntimeError(f"handler.py did not start:\n{said}")
        yield f"http://{found[1]}"
    finally:
        process.terminate()
        process.communicate()
