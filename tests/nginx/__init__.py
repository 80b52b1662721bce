"""A real nginx in front of a Keystone, set up in each of the ways that hide Keystone's answers from its clients."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests.support.debian import found
from tests.support.service import START_SECONDS
from tests.support.tls import Leaf


@dataclass(frozen=True)
class Fronts:
    """The auth_url of each front: an nginx in front of the same Keystone."""

    plain: str
    """Passes everything on."""
    tls: str
    """The same behind TLS; asked without TLS it answers 400 with a page of its own."""
    to_tls: str
    """Redirects to `tls` (301)."""
    own_pages: str
    """Replaces what Keystone says with 401, 403, 404 and 409 by a page in HTML."""
    default_backend: str
    """Knows no Keystone, like a gateway without a route to it: 404 in plain text."""
    small: str
    """Takes bodies of up to 1 KiB: 413 beyond."""
    limited: str
    """Takes one request a minute: 429 after that."""
    down: str
    """Finds no Keystone: 502."""


CONFIG = """\
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{ }}
http {{
    access_log off;
    server_tokens off;
    default_type text/html;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    proxy_set_header Host $http_host;
    limit_req_zone $server_name zone=limited:1m rate=1r/m;
    limit_req_status 429;
    {servers}
}}
"""
# The configuration in the server of each front.
SERVERS = {
    "plain": "location / {{ proxy_pass {keystone}; }}",
    "tls": "ssl_certificate {certificate}; ssl_certificate_key {key}; location / {{ proxy_pass {keystone}; }}",
    "to_tls": "return 301 https://127.0.0.1:{tls}$request_uri;",
    "own_pages": "proxy_intercept_errors on; error_page 401 403 404 409 /page.html;"
    " location = /page.html {{ internal; root {folder}; }} location / {{ proxy_pass {keystone}; }}",
    "default_backend": 'default_type text/plain; location / {{ return 404 "default backend - 404"; }}',
    "small": "client_max_body_size 1k; location / {{ proxy_pass {keystone}; }}",
    "limited": "location / {{ limit_req zone=limited; proxy_pass {keystone}; }}",
    "down": "location / {{ proxy_pass http://127.0.0.1:{nobody}; }}",
}
PAGE = "<!doctype html><html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>\n"


@contextmanager
def nginx(keystone: str, leaf: Leaf) -> Iterator[Fronts]:
    """Runs an nginx in front of the Keystone at this auth_url, with this certificate where it speaks TLS."""
    with TemporaryDirectory(prefix="nginx-") as name, (Path(name) / "said").open("w") as said:
        folder, ports = Path(name), _free_ports(*SERVERS, "nobody")
        base = f"http://{urlsplit(keystone).netloc}"
        values = {"keystone": base, "folder": name, "certificate": leaf.certificate, "key": leaf.key, **ports}
        listening = {front: f"127.0.0.1:{ports[front]}{' ssl' if front == 'tls' else ''}" for front in SERVERS}
        servers = "\n    ".join(
            f"server {{ listen {listening[front]}; server_name {front}; {inside.format(**values)} }}"
            for front, inside in SERVERS.items()
        )
        (folder / "nginx.conf").write_text(CONFIG.format(servers=servers))
        (folder / "page.html").write_text(PAGE)
        command = [found("nginx") or "nginx", "-p", name, "-c", "nginx.conf", "-e", "error.log"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as server:
            try:
                _wait(server, ports["plain"], folder)
                schemes = {one.name: "https" if one.name == "tls" else "http" for one in fields(Fronts)}
                yield Fronts(**{front: f"{scheme}://127.0.0.1:{ports[front]}/v3" for front, scheme in schemes.items()})
            finally:
                server.terminate()


def _free_ports(*names: str) -> dict[str, int]:
    """Returns ports at which nobody listens now."""
    with ExitStack() as held:
        probes = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))) for name in names}
        return {name: probe.getsockname()[1] for name, probe in probes.items()}


def _wait(server: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None or time.monotonic() > until:
            said = "".join((folder / name).read_text() for name in ("said", "error.log"))
            raise RuntimeError(f"nginx did not start:\n{said[-2000:]}")
        time.sleep(0.02)
