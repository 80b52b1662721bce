"""Runs loopback servers in processes of their own, so that their work is not counted as that of what is measured."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.service import ROOT


@contextmanager
def beside(module: str, *arguments: str) -> Iterator[str]:
    """Runs `python -m module` until the end of the block, and gives the host and port at which it serves."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"{module} did not start")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def serve_until_orphaned(protocol: Callable[[], asyncio.Protocol]) -> None:
    """Serves on a free port, prints it, and ends when the process that started this one is gone."""
    asyncio.run(_serve(protocol))


async def _serve(protocol: Callable[[], asyncio.Protocol]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
