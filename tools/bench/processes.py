"""Processes whose start is measured: programs that end by themselves, and the service until its first answer."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from tests.support.service import ROOT
from tools.bench.ways import CloudEnv, new_login


def run_python(program: str, cloud_env: CloudEnv | None = None) -> None:
    """Runs a Python program to its end, with an unused login as its argument.

    What leads to Keystone comes by standard input, as it holds a password.
    """
    command = [sys.executable, "-c", program, new_login()]
    subprocess.run(command, cwd=ROOT, input=json.dumps(cloud_env), text=True, check=True, stderr=subprocess.DEVNULL)


def seconds_to_first_answer(options: Sequence[str], ask: Callable[[str], object]) -> float:
    """Returns the seconds from the start of a service to its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    begun = time.monotonic()
    command = [sys.executable, "handler.py", "--listen", address, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                ask(f"http://{address}")
            except ConnectionRefusedError:
                time.sleep(0.002)
            else:
                return time.monotonic() - begun
        raise RuntimeError(f"handler.py did not start: {process.returncode}")
    finally:
        process.terminate()
        process.wait()
