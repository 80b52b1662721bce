"""URLs of Keystones, rebuilt so that nobody can read them differently."""

import re
from collections.abc import Iterable

from pydantic_core import SchemaValidator, ValidationError, core_schema

# No escapes: they could mean one thing here and another to a proxy in front of Keystone.
_PLAIN_HOST = re.compile(r"[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\]")
_PLAIN_PATH = re.compile(r"[0-9A-Za-z._~/-]*")
# This is pydantic's HttpUrl without the module that defines it, which would take a twentieth of the start.
_HTTP_URL = SchemaValidator(core_schema.url_schema(max_length=2083, allowed_schemes=["http", "https"]))


def rebuilt_url(value: str) -> str:
    """Returns the URL rebuilt from its parts, so that no two parsers can read it differently.

    Its host is in lower case, or an address in its one canonical form. The path has no dots to resolve and no slash at
    its end, and the port is always there.
    """
    try:
        url = _HTTP_URL.validate_python(value)
    except ValidationError:
        raise ValueError("must be an http or https URL") from None
    if not url.port:
        raise ValueError("must be an http or https URL with a port that can be dialled")
    if url.username or url.password or url.query is not None or url.fragment is not None:
        raise ValueError("must be a URL without user, password, query or fragment")
    if not _PLAIN_HOST.fullmatch(url.host or ""):
        raise ValueError("must be a URL whose host is a name or an address")
    path = (url.path or "").rstrip("/")
    if not _PLAIN_PATH.fullmatch(path):
        raise ValueError("must be a URL whose path holds only letters, digits, '.', '_', '~', '-' and '/'")
    return f"{url.scheme}://{url.host}:{url.port}{path}"


def keystone_v3_url(value: str) -> str:
    """Returns the URL of Keystone's v3 API, which administrators type with and without its last part."""
    url = rebuilt_url(value)
    return url if url.endswith("/v3") else url + "/v3"


def is_under_any(url: str, allowed: Iterable[str]) -> bool:
    """Whether this rebuilt URL is one of these, or has a path under that of one of them."""
    return any(url == one or url.startswith(f"{one}/") for one in allowed)
