"""Serves a Keystone in a process of its own, which ends with this one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVE = Path(__file__).parent / "serve.py"


@contextmanager
def served(folder: Path, python: Path, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serves the Keystone in this folder at this address, and yields its auth_url."""
    said = folder / f"stderr-{host}-{port}"
    with said.open("w") as stderr:
        process = subprocess.Popen(
            [python, SERVE, host, str(port)],
            env=os.environ | {"OS_KEYSTONE_CONFIG_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # Ctrl-C in a terminal is for us alone. This process ends when its standard input closes.
            start_new_session=True,
        )
    try:
        assert process.stdout
        listening_on = process.stdout.readline().strip()
        if not listening_on:
            raise RuntimeError("Keystone did not start:\n" + said.read_text()[-2000:])
        yield f"http://{f'[{host}]' if ':' in host else host}:{listening_on}/v3"
    finally:
        process.kill()
        process.communicate()
