"""Whether what answers at a URL keeps a connection open after its answer, or closes it without saying so."""

import time
from contextlib import closing

import requests

from lib.errors import Unreachable
from lib.keystone.client import unreachable
from lib.keystone.client.sockets import opened_by_this_thread
from lib.keystone.client.transport import Transport, verified_with

# Seconds between the two calls: long enough for the news of a closed connection to arrive.
PAUSE = 0.1
HTTP_1_1 = 11


def are_closed_silently(auth_url: str) -> bool:
    """Whether a second call finds the connection of the first one closed, which the first answer did not announce."""
    asked = requests.Request("GET", auth_url).prepare()
    verify, before = verified_with(), opened_by_this_thread()
    # A transport of its own: other calls may use, open and close the connections of the shared one.
    with closing(Transport(connections=1)) as own:
        try:
            answer = own.send(asked, verify=verify)
            time.sleep(PAUSE)
            own.send(asked, verify=verify)
        except requests.RequestException as error:
            if unreachable.is_stale(error):
                return True
            raise Unreachable("Keystone cannot be reached.", detail=unreachable.detail(error)) from None
    announced = answer.headers.get("Connection", "").lower() == "close" or answer.raw.version < HTTP_1_1
    return opened_by_this_thread() > before + 1 and not announced
