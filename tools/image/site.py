"""What must be so of a site that docs/deploy/compose has brought up."""

import sys

import psutil
import requests

from tests.support.keystone import Keystone
from tests.support.older_server import NAME as OLDER
from tools.image.asking import bearer, post, runs, sign_up
from tools.image.checks import expect, output_of
from tools.image.compose import PROJECT, Site, compose, prove_file, site
from tools.image.engine import Engine

URL = "http://127.0.0.1:42356"
# A connection of another program that has ended can have one of the ports for a minute. Containers are restarted then.
RESTART_SECONDS = 120
OURS = ("user_handler", "front")
NO_RIGHTS = "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"


def prove_compose(engine: Engine, cloud: Keystone) -> None:
    """Brings the file up, asks what the UI and the cluster builder ask, and takes it down."""
    prove_file()
    before = _volumes(engine)
    with site(engine, cloud) as running:
        if not runs(URL, RESTART_SECONDS):
            sys.exit(f"the site does not serve:\n{output_of(compose(engine, 'logs'))}")
        _prove_split(running, cloud)
        _prove_hardening(running)
        _prove_stop(running)
    networks = engine.run("network", "ls", "--format={{.Name}}")
    expect(
        not running.containers() and PROJECT not in networks, "after down, there is no container and no network of it"
    )
    expect(_volumes(engine) == before, "and no volume")


def _volumes(engine: Engine) -> set[str]:
    return {*engine.run("volume", "ls", "--quiet").split()}


def _prove_split(running: Site, cloud: Keystone) -> None:
    expect(post(URL, json=sign_up(cloud)).status_code == 401, "a sign-up without a token is answered 401")
    answer = post(URL, json=sign_up(cloud), headers=bearer())
    expect(answer.status_code == 201, "a sign-up through nginx is answered 201")
    expect("create_user_project 201" in running.log, "its line is in the log, in the folder of the site")
    for method, path in (("POST", "/get_credits"), ("GET", "/statistics")):
        answer = requests.request(method, f"{URL}{path}", json={}, headers=bearer(), timeout=60)
        by = answer.json()
        expect(
            (answer.status_code, by.get("server"), by.get("method"), by.get("path")) == (200, OLDER, method, path),
            f"{method} {path} is answered by the older server",
        )


def _prove_hardening(running: Site) -> None:
    for name in OURS:
        rights = running.inside(name, "grep", "-E", "^Cap(Prm|Eff|Bnd)", "/proc/1/status")
        expect(rights == NO_RIGHTS, f"{name} has no capabilities")
        denied = running.inside(name, "sh", "-c", "touch /x /etc/x 2>&1; id -u")
        expect(denied.count("Read-only file system") == 2, f"{name} has a root that is read-only")
        expect(not denied.endswith("\n0\n"), f"{name} is no root")
    listening = [one.laddr for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    for port in (42357, 42358):
        hosts = {address.ip for address in listening if address and address.port == port}
        expect(hosts == {"127.0.0.1"}, f"port {port} is open to this machine alone")


def _prove_stop(running: Site) -> None:
    if running.engine.is_podman:
        running.engine.run("healthcheck", "run", running.containers()["user_handler"]["Id"])
        print("ok: the health check passes")
    output_of(compose(running.engine, "stop"))
    codes = {name: one["State"]["ExitCode"] for name, one in running.containers().items() if name in OURS}
    expect(codes == dict.fromkeys(OURS, 0), "stop ends both with 0")
