"""The contract at /openapi.json, and a page at /docs that shows it to people. A setting switches both off."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from lib import settings
from lib.call.once import Once
from lib.endpoint import Endpoint
from lib.serving.pages import PAGES, Page
from lib.serving.routing import Routes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# What of the viewer is served. Its package has much more.
_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_HTML = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>UserHandler</title>
<link rel="stylesheet" href="{folder}swagger-ui.css">
<link rel="icon" href="{folder}favicon-32x32.png">
<div id="contract"></div>
<script src="{folder}swagger-ui-bundle.js"></script>
<script src="{folder}start.js"></script>
</html>
"""
# Relative to this script: right behind a proxy that adds a prefix, and with a slash after /docs or without.
_START = """\
const contract = new URL("../openapi.json", document.currentScript.src).href;
SwaggerUIBundle({
    url: contract, dom_id: "#contract", deepLinking: true, validatorUrl: null, defaultModelsExpandDepth: 0,
});
"""
_HEADERS = {
    # Nothing is loaded from elsewhere, and nobody may frame the page. The viewer's style sheet has pictures in it.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_REVALIDATE = "no-cache"
# An hour: after an upgrade, nobody has files of two releases for longer.
_SHORT = "max-age=3600"


def pages_beside(routes: Routes, open_to_all: Collection[Endpoint]) -> Mapping[str, Page]:
    """Returns all pages of a service with these functions: PAGES, and those of the contract."""
    text = Once(lambda: json.dumps(document_of(routes, open_to_all)))

    def openapi() -> Response:
        """Answers this contract in OpenAPI 3.1.

        Errors: 401, 404 the setting `contract_pages` is off; 500 the settings cannot be used.
        """
        return _response(text(), "application/json", _REVALIDATE)

    def docs() -> Response:
        """Shows this contract to people.

        Errors: 401, 404 the setting `contract_pages` is off; 500 the settings cannot be used.
        """
        return _response(_HTML.format(folder="docs/"), "text/html", _REVALIDATE)

    return {
        **PAGES,
        "/openapi.json": Page(openapi, is_served=_is_on),
        "/docs": Page(docs, media_type="text/html", is_served=_is_on),
        **{f"/docs/{name}": _hidden(response) for name, response in _viewer().items()},
    }


def document_of(routes: Routes, open_to_all: Collection[Endpoint]) -> dict[str, Any]:
    """Returns the OpenAPI document of these functions, and of the pages beside them."""
    # Loaded when it is first asked for: most processes never are.
    from lib.serving.openapi.document import document

    return document(routes, open_to_all, pages_beside(routes, open_to_all))


def _viewer() -> Mapping[str, Callable[[], Response]]:
    """Returns what is served in the folder /docs/, by name. The folder itself is the page once more."""
    return {
        "": lambda: _response(_HTML.format(folder=""), "text/html", _REVALIDATE),
        "start.js": lambda: _response(_START, "text/javascript", _SHORT),
        **{name: partial(_file, name) for name in _FILES},
    }


def _hidden(response: Callable[[], Response]) -> Page:
    return Page(response, in_contract=False, is_served=_is_on)


def _is_on() -> bool:
    return settings.current().contract_pages


def _response(text: str, media_type: str, cached: str) -> Response:
    return Response(text, 200, {**_HEADERS, "Cache-Control": cached}, mimetype=media_type)


def _file(name: str) -> Response:
    return _File(_folder() / name, _FILES[name])


def _folder() -> Path:
    """Returns where the viewer's files are. Its package is not imported: that is for web frameworks."""
    package = find_spec("swagger_ui")
    folders = package and package.submodule_search_locations
    return Path(folders[0] if folders else "", "static")


class _File(Response):
    """A file that the host sends as fast as the client reads it, so that slow clients cost no memory."""

    def __init__(self, path: Path, media_type: str) -> None:
        headers = {**_HEADERS, "Cache-Control": _SHORT, "Content-Length": str(path.stat().st_size)}
        super().__init__(status=200, headers=headers, mimetype=media_type)
        self._path = path

    def get_app_iter(self, environ: "WSGIEnvironment") -> Iterable[bytes]:
        return () if environ["REQUEST_METHOD"] == "HEAD" else wrap_file(environ, self._path.open("rb"))
