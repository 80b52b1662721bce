"""Which paths the UI asks UserHandler for, and which of them the files in docs/deploy pass to it."""

import re
from collections.abc import Iterator

import handler
from lib.request.model import CloudEnv, Model
from tests.deploy.split.fronts import FILES

# A row of each file's table. nginx names the path twice: what it compares, and what it passes on.
ROWS = {
    "nginx": r"^    location = (?P<path>\S+) +\{ proxy_pass http://user_handler(?P=path); \}$",
    "haproxy": r"^    acl of_user_handler path (?P<path>\S+)$",
}


def releases_of(model: type[Model]) -> Iterator[str]:
    """Yields the first release of the UI that sends each part of a request, without cloud_env, which operators send."""
    if model.since:
        yield model.since
    for field in model.model_fields.values():
        part = field.annotation
        if isinstance(part, type) and issubclass(part, Model) and part is not CloudEnv:
            yield from releases_of(part)


def routes_of_the_ui() -> list[tuple[str, str]]:
    """Returns the method and path of each request that a release of the UI sends, and GET /, which it may."""
    sent = [route for route, function in handler.ROUTES.items() if [*releases_of(function.model)]]
    return [("GET", "/"), *sent]


def passed_by(name: str) -> list[str]:
    """Returns the paths that this file passes to UserHandler, in its order."""
    return [row["path"] for row in re.finditer(ROWS[name], FILES[name].read_text(), re.MULTILINE)]
