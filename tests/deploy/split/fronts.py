"""Runs a web server on its file in docs/deploy, of which only addresses, paths and what a test names are replaced."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian import found
from tests.support.ports import free_ports, wait_until_it_listens
from tests.support.service import ROOT, START_SECONDS
from tests.support.tls import Leaf

DEPLOY = ROOT / "docs" / "deploy"
FILES = {"nginx": DEPLOY / "nginx" / "concertim.conf", "haproxy": DEPLOY / "haproxy" / "haproxy.cfg"}
# What a site's nginx.conf may have around a file in conf.d, and folders that anybody may write.
AROUND = """\
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    gzip on;
    gzip_min_length 0;
    gzip_types *;
    proxy_intercept_errors on;
    merge_slashes off;
    include concertim.conf;
}
"""


@dataclass(frozen=True)
class Site:
    """The two servers behind a front, as host:port, and the front's certificate, if it speaks TLS."""

    user_handler: str
    older_server: str
    leaf: Leaf | None = None


@dataclass(frozen=True)
class Front:
    """A running web server."""

    name: str
    url: str
    log: Path

    def lines_with(self, text: str) -> list[str]:
        """Returns each line of its log that has the text, once there is one."""
        until = time.monotonic() + START_SECONDS
        while not (lines := [line for line in self.log.read_text().splitlines() if text in line]):
            assert time.monotonic() < until, f"no line of the log has {text}"
            time.sleep(0.02)
        return lines


@contextmanager
def front(name: str, site: Site, changes: Mapping[str, str] | None = None) -> Iterator[Front]:
    """Runs nginx or haproxy before the two servers. `changes` are texts of its file, and what replaces them."""
    port = free_ports("front")["front"]
    with TemporaryDirectory(prefix=f"{name}-") as folder:
        command = command_of(name, Path(folder), _for(name, site, port, Path(folder)) | dict(changes or {}))
        log = Path(folder) / "log"
        with log.open("a") as said:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            wait_until_it_listens(server, port, log)
            yield Front(name, f"{'https' if site.leaf else 'http'}://127.0.0.1:{port}", log)
        finally:
            server.terminate()
            server.wait(60)


def checked(name: str, changes: Mapping[str, str]) -> tuple[bool, str]:
    """Returns whether the program accepts its file with these changes, and what it says."""
    with TemporaryDirectory(prefix=f"{name}-") as folder:
        log = {"/var/log/nginx/concertim.log": "log"} if name == "nginx" else {}
        command = [*command_of(name, Path(folder), log | dict(changes)), "-t" if name == "nginx" else "-c"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr


def command_of(name: str, folder: Path, changes: Mapping[str, str]) -> list[str]:
    """Writes the program's files into the folder, with these changes, and returns the command that runs it."""
    text = FILES[name].read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, f"{FILES[name].name} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    (folder / FILES[name].name).write_text(text)
    if name == "haproxy":
        return [found(name) or name, "-db", "-f", str(folder / FILES[name].name)]
    (folder / "nginx.conf").write_text(AROUND)
    return [found(name) or name, "-p", f"{folder}", "-c", "nginx.conf", "-e", "stderr"]


def _for(name: str, site: Site, port: int, folder: Path) -> dict[str, str]:
    """Returns what a site changes in the file, by the comments in it."""
    changes = {"127.0.0.1:42357": site.user_handler, "127.0.0.1:42358": site.older_server}
    if name == "nginx":
        return changes | {"/var/log/nginx/concertim.log": f"{folder}/log"} | _listen_of_nginx(site.leaf, port)
    if os.geteuid() != 0:
        # Only root can become another user.
        changes |= {"    user haproxy\n": "", "    group haproxy\n": ""}
    if not site.leaf:
        return changes | {"    bind :42356 ": f"    bind 127.0.0.1:{port} "}
    both = folder / "both.pem"
    both.write_text(site.leaf.certificate.read_text() + site.leaf.key.read_text())
    certificate = {"# bind :42356 ": f"bind 127.0.0.1:{port} ", "/etc/haproxy/concertim.pem": f"{both}"}
    return changes | {"    bind :42356 proto h1\n": ""} | certificate


def _listen_of_nginx(leaf: Leaf | None, port: int) -> dict[str, str]:
    if not leaf:
        return {"listen 42356;": f"listen 127.0.0.1:{port};"}
    return {
        "    listen 42356;\n": "",
        "# listen 42356 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "# ssl_certificate /etc/ssl/certs/concertim.pem;": f"ssl_certificate {leaf.certificate};",
        "# ssl_certificate_key /etc/ssl/private/concertim.key;": f"ssl_certificate_key {leaf.key};",
    }
