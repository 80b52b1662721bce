"""What stands before and beside a Keystone in production: HAProxy with TLS, uWSGI with several processes, memcached."""

import os
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from urllib3.exceptions import InsecureRequestWarning

from tests.support.debian import found
from tests.support.ports import free_ports, wait_until_it_listens
from tests.support.service import ROOT, START_SECONDS
from tests.support.tls import Leaf

# The Makefile makes this environment on top of Keystone's own.
PYTHON = ROOT / ".clouds" / "production" / "bin" / "python"
PATH = "/identity"
HAPROXY = """\
global
    maxconn 200
defaults
    mode http
    option redispatch
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout check 10s
frontend identity
    bind 127.0.0.1:{port} ssl crt {certificate}
    http-request deny deny_status 404 unless {{ path_beg {path}/ }}
    http-request replace-path {path}(/.*) \\1
    default_backend keystone
backend keystone
    option httpchk GET /v3
{servers}
"""


@contextmanager
def haproxy(keystones: Sequence[str], leaf: Leaf) -> Iterator[str]:
    """Runs a HAProxy with this certificate before these host:port, and yields the auth_url of both."""
    port = free_ports("haproxy")["haproxy"]
    servers = (f"    server k{number} {where} check inter 500ms" for number, where in enumerate(keystones))
    with TemporaryDirectory(prefix="haproxy-") as name:
        folder = Path(name)
        # HAProxy reads the certificate and its key from one file.
        certificate = folder / "both.pem"
        certificate.write_text(leaf.certificate.read_text() + leaf.key.read_text())
        values = {"port": port, "certificate": certificate, "path": PATH, "servers": "\n".join(servers)}
        (folder / "haproxy.cfg").write_text(HAPROXY.format(**values))
        with _running([found("haproxy") or "haproxy", "-db", "-f", folder / "haproxy.cfg"], port, folder / "said"):
            auth_url = f"https://127.0.0.1:{port}{PATH}/v3"
            _wait_until_it_is_served(auth_url)
            yield auth_url


def _wait_until_it_is_served(url: str) -> None:
    """Waits until HAProxy has found a server that answers. Until then it answers 503 by itself."""
    until = time.monotonic() + START_SECONDS
    # The certificate is of an authority that only the service and its tests are told of.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        while requests.get(url, verify=False, timeout=START_SECONDS).status_code != 200:
            if time.monotonic() > until:
                raise RuntimeError(f"No Keystone answers behind {url}")
            time.sleep(0.1)


@contextmanager
def memcached() -> Iterator[dict[str, dict[str, str]]]:
    """Runs a memcached, and yields the options by which Keystones share it."""
    port = free_ports("memcached")["memcached"]
    command = [found("memcached") or "memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody"]
    with TemporaryDirectory(prefix="memcached-") as name, _running(command, port, Path(name) / "said"):
        where = {"backend": "dogpile.cache.pymemcache", "memcache_servers": f"127.0.0.1:{port}"}
        yield {"cache": {"enabled": "true", **where}}


@contextmanager
def uwsgi(folder: Path, processes: int = 4, *options: str) -> Iterator[str]:
    """Serves the Keystone in this folder with so many processes, and yields their host:port."""
    port = free_ports("uwsgi")["uwsgi"]
    command = [str(PYTHON.with_name("uwsgi")), "--http-socket", f"127.0.0.1:{port}", "--master"]
    command += ["--processes", str(processes), "--die-on-term", "--need-app", "--lazy-apps"]
    command += ["--module", "keystone.wsgi.api:application", *options]
    with _running(command, port, folder / "uwsgi", OS_KEYSTONE_CONFIG_DIR=str(folder)):
        yield f"127.0.0.1:{port}"


@contextmanager
def _running(command: Sequence[str | Path], port: int, said: Path, **environment: str) -> Iterator[None]:
    with said.open("w") as file:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=os.environ | environment
        )
    try:
        wait_until_it_listens(server, port, said)
        yield
    finally:
        server.terminate()
        server.wait(60)
