"""`make run`: a Keystone and the service, until Ctrl-C, with the service's log and all that is needed to try them."""

import argparse
import errno
import json
import os
import shlex
import socket
import sys
import time

from tests.support.keystone import ADMIN_PASSWORD, Keystone
from tests.support.service import Service
from tools.demo import sign_up
from tools.stack import stack
from tools.stopping import stopping

PORT = 42356
HIGHEST_PORT = 65535
REGION = "RegionOne"
# Seconds between two looks at the service's log.
LOOK_SECONDS = 0.2


def main() -> None:
    """Runs both until SIGINT or SIGTERM, or until the service ends by itself."""
    options = argparse.ArgumentParser(prog="make run", description=__doc__)
    options.add_argument("--port", type=int, default=PORT, help=f"the service's port (default: {PORT})")
    port = options.parse_args().port
    check_port(port)
    with stopping(), stack(f"127.0.0.1:{port}") as (cloud, running):
        register(cloud)
        print(_instructions(cloud, str(running.url)), flush=True)
        _show_log(running)


def check_port(port: int) -> None:
    """Ends the program with a plain sentence if the port cannot be used."""
    why = _trouble_with(port)
    if why:
        instead = port + 1 if 1024 <= port < HIGHEST_PORT else PORT
        sys.exit(f"Port {port} {why}. Choose another one: make run PORT={instead}")


def _trouble_with(port: int) -> str:
    if not 0 < port <= HIGHEST_PORT:
        return "is no port"
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        return "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({os.strerror(error.errno or 0)})"
    return ""


def register(cloud: Keystone) -> None:
    """Registers Keystone in its own catalog, where the openstack command looks for it."""
    admin = cloud.admin
    admin.regions.create(REGION)
    identity = admin.services.create("keystone", "identity")
    for interface in ("public", "internal", "admin"):
        admin.endpoints.create(identity, cloud.auth_url, interface, REGION)


def _instructions(cloud: Keystone, url: str) -> str:
    body = shlex.quote(json.dumps(sign_up(cloud)))
    return f"""
Keystone runs at {cloud.auth_url}, the service at {url}.

To sign somebody up, paste:

curl -i {url}/create_user_project -H 'Content-Type: application/json' -d {body}

To look into Keystone with the openstack command (pip install python-openstackclient), paste first:

export OS_AUTH_URL={cloud.auth_url} OS_USERNAME=admin OS_PASSWORD={ADMIN_PASSWORD} OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_IDENTITY_API_VERSION=3 OS_REGION_NAME={REGION}

Ctrl-C stops both. The log of the service follows.
"""


def _show_log(running: Service) -> None:
    """Copies the service's standard output to ours, to its last line."""
    with running.stdout.open() as log:
        try:
            while running.process.poll() is None:
                print(log.read(), end="", flush=True)
                time.sleep(LOOK_SECONDS)
        finally:
            code = running.stop()
            print(log.read(), end="", flush=True)
    sys.exit(f"The service has ended by itself, with exit code {code}.\n{running.complained()}".rstrip())


if __name__ == "__main__":
    main()
