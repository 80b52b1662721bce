"""Asks a Keystone for its version, which it tells anybody."""

import requests

from lib import settings
from lib.errors import Unreachable
from lib.keystone.client import unreachable
from lib.keystone.client.transport import transport


def check_answers(auth_url: str) -> None:
    """Raises a problem unless a Keystone answers at this URL."""
    ours = settings.current()
    asked = requests.Request("GET", auth_url).prepare()
    try:
        answer = transport().send(asked, verify=not ours.insecure and (str(ours.cacert or "") or True))
    except requests.RequestException as error:
        raise Unreachable("Keystone cannot be reached.", detail=unreachable.detail(error)) from None
    if not answer.ok:
        raise Unreachable("Keystone failed.", detail=f"answered {answer.status_code}")
