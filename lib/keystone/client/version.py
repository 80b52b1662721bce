"""Asks a Keystone for its version, which it tells anybody."""

import requests

from lib.errors import KeystoneFailed, Unreachable
from lib.keystone.client import unreachable
from lib.keystone.client.transport import transport, verified_with


def check_answers(auth_url: str) -> None:
    """Raises a problem unless a Keystone answers at this URL."""
    asked = requests.Request("GET", auth_url).prepare()
    try:
        answer = transport().send(asked, verify=verified_with())
    except requests.RequestException as error:
        raise Unreachable("Keystone cannot be reached.", detail=unreachable.detail(error)) from None
    if not answer.ok:
        raise KeystoneFailed("Keystone failed.", detail=f"answered {answer.status_code}")
