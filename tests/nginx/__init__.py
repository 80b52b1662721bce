"""Runs a real nginx before a Keystone, in each of the setups that keep Keystone's answers from its clients."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests.support.debian import found
from tests.support.ports import free_ports, wait_until_it_listens
from tests.support.tls import Leaf


@dataclass(frozen=True)
class Fronts:
    """The auth_url of each front, which is one setup of nginx before the same Keystone."""

    plain: str
    """Passes all requests on."""
    tls: str
    """Passes all requests on over TLS, and answers 400 with a page to plain HTTP."""
    to_tls: str
    """Redirects all requests to `tls` with 301."""
    own_pages: str
    """Replaces the bodies of Keystone's 401, 403, 404 and 409 by an HTML page."""
    default_backend: str
    """Answers 404 in plain text, like a gateway without a route to Keystone."""
    small: str
    """Accepts bodies of up to 1 KiB, and answers 413 to larger ones."""
    limited: str
    """Accepts one request a minute, and answers 429 to further ones."""
    down: str
    """Cannot reach a Keystone, and answers 502."""


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
# These directives make up the server block of each front.
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
    """Runs an nginx before the Keystone at this auth_url, with this certificate for the front with TLS."""
    with TemporaryDirectory(prefix="nginx-") as name, (Path(name) / "said").open("w") as said:
        folder, ports = Path(name), free_ports(*SERVERS, "nobody")
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
                wait_until_it_listens(server, ports["plain"], folder / "said", folder / "error.log")
                schemes = {one.name: "https" if one.name == "tls" else "http" for one in fields(Fronts)}
                yield Fronts(**{front: f"{scheme}://127.0.0.1:{ports[front]}/v3" for front, scheme in schemes.items()})
            finally:
                server.terminate()
