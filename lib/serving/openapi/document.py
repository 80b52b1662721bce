"""The whole contract of the functions that are served, and of the pages beside them."""

from collections.abc import Collection, Mapping
from typing import Any

from lib import VERSION
from lib.endpoint import Endpoint
from lib.serving.openapi.errors import error_schemas, headers, shared_responses
from lib.serving.openapi.operations import SCHEME, operation_of_function, operation_of_page
from lib.serving.openapi.schemas import schemas_of
from lib.serving.pages import Page
from lib.serving.routing import Routes

_SUMMARY = "UserHandler creates, changes and removes OpenStack users and projects for Concertim."
_ABOUT = """\
- **2xx**: what was asked for is so. The same request again gets the same ids and changes nothing.
- **4xx**: nothing was changed.
- **5xx**: repeat the same request. It finishes once the problem in the message is solved, or a 4xx says why it cannot.

`cloud_env` names a Keystone, and an account that acts there. Keys that are not named here are ignored. Requests with
DELETE have a body, too.
"""
_BEARER = (
    "A JSON Web Token that is signed with the site's JWT_SECRET, by HS256. It has an `exp`, at most the setting"
    " `jwt_lifetime` (300 s by default) after its `iat`, or after now if it has none. It has neither `sub` nor `scp`,"
    " which the tokens of ordinary users have. A site without a secret asks for no token."
)


def document(routes: Routes, open_to_all: Collection[Endpoint], pages: Mapping[str, Page]) -> dict[str, Any]:
    """Returns the OpenAPI document of these functions and pages, as `GET /openapi.json` answers it."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), function in routes.items():
        made = operation_of_function(method, path, function, open_to_all=function in open_to_all)
        paths.setdefault(path, {})[method.lower()] = made
    for path, page in pages.items():
        if page.in_contract:
            paths.setdefault(path, {})["get"] = operation_of_page(path, page)
    models = [model for function in routes.values() for model in (function.model, function.answer)]
    models = [model for model in models if model.model_fields]
    models += [page.body for page in pages.values() if page.body]
    return {
        "openapi": "3.1.0",
        "info": {"title": "UserHandler", "version": VERSION, "summary": _SUMMARY, "description": _ABOUT},
        # Relative to the document, so that it is right behind a proxy that adds a prefix, too.
        "servers": [{"url": "."}],
        "security": [{SCHEME: []}],
        "tags": [{"name": name} for name in ("users", "teams", "operations", "service")],
        "paths": paths,
        "components": {
            "schemas": schemas_of(dict.fromkeys(models)) | error_schemas(),
            "responses": shared_responses(),
            "headers": headers(),
            "securitySchemes": {
                SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": _BEARER}
            },
        },
    }
