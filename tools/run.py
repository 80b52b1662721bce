"""`make run`: a Keystone and the service, until Ctrl-C, with the service's log and all that is needed to try them."""

import argparse
import json
import shlex
import signal
import socket
import sys
from threading import Event, Thread

from tests.support.keystone import ADMIN_PASSWORD, Keystone, keystone
from tests.support.service import Service, service
from tools.demo import sign_up

REGION = "RegionOne"
# Seconds between two looks at the service's log.
LOOK_SECONDS = 0.2


def main() -> None:
    """Runs both until SIGINT or SIGTERM."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=42356, help="the service's port (default: 42356)")
    port = options.parse_args().port
    check_port(port)
    done = Event()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: done.set())
    print("Starting a Keystone. The first time, it is set up, which takes half a minute …", flush=True)
    with keystone() as cloud, service(listen=f"127.0.0.1:{port}") as running:
        register(cloud)
        print(_instructions(cloud, str(running.url)), flush=True)
        log = Thread(target=_show_log, args=[running, done])
        log.start()
        done.wait()
        log.join()
    print("The service and Keystone were stopped.")


def check_port(port: int) -> None:
    """Ends the program with a plain sentence if the port cannot be used."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, OverflowError) as error:
        taken = f"Port {port} is taken." if isinstance(error, OSError) else f"Port {port} is no port."
        sys.exit(f"{taken} Choose another one: make run PORT={42356 if port > 65000 else port + 1}")


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


def _show_log(running: Service, done: Event) -> None:
    with running.stdout.open() as log:
        while True:
            over = done.wait(LOOK_SECONDS)
            print(log.read(), end="", flush=True)
            if over:
                return


if __name__ == "__main__":
    main()
