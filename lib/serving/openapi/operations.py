"""What the contract has for one function at its path, or for one page."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lib.answer.body import Body
from lib.endpoint import Endpoint
from lib.errors import (
    BadRequest,
    ContentTooLarge,
    InternalError,
    LengthRequired,
    MethodNotAllowed,
    Overloaded,
    Problem,
    Unauthorized,
    UnsupportedMediaType,
)
from lib.serving.openapi import docstrings
from lib.serving.openapi.errors import REQUEST_ID, error_responses
from lib.serving.openapi.examples import example_of
from lib.serving.openapi.schemas import reference_to
from lib.serving.pages import Page

Operation = dict[str, Any]
SCHEME = "token"
# What is answered before a function or page is called, or in its place.
_ALWAYS = (MethodNotAllowed, InternalError, Overloaded)
_WITH_A_BODY = (BadRequest, LengthRequired, ContentTooLarge, UnsupportedMediaType)


def operation_of_function(method: str, path: str, function: Endpoint, *, open_to_all: bool) -> Operation:
    """Returns what the contract has for this function at this path."""
    has_body = bool(function.model.model_fields)
    kinds = [*_ALWAYS, *([] if open_to_all else [Unauthorized]), *(_WITH_A_BODY if has_body else [])]
    media_type = "text/plain" if function.answer.text else "application/json"
    success = {str(function.answer.status_code): _success(media_type, function.answer)}
    operation = _operation(method, path, function, success | _errors(function, kinds))
    operation["tags"] = [function.model.__module__.rpartition(".")[2] if has_body else "service"]
    if open_to_all:
        operation["security"] = []
    if has_body:
        example = {"schema": reference_to(function.model), "example": example_of(function.model)}
        told = " ".join(str(function.model.__doc__).split())
        operation["requestBody"] = {"description": told, "required": True, "content": {"application/json": example}}
    return operation


def operation_of_page(path: str, page: Page) -> Operation:
    """Returns what the contract has for this page."""
    success = {"200": _success(page.media_type, page.body, docstrings.summary_of(page.response))}
    operation = _operation("GET", path, page.response, success | _errors(page.response, [MethodNotAllowed]))
    return operation | {"tags": ["service"], "security": []}


def _operation(method: str, path: str, function: Any, responses: Mapping[str, Any]) -> Operation:
    return {
        "operationId": "_".join([method.lower(), *re.findall(r"\w+", path.strip("/") or function.__name__)]),
        "summary": docstrings.summary_of(function),
        "description": docstrings.description_of(function),
        "responses": responses,
    }


def _success(media_type: str, body: type[Body] | None, told: str = "") -> dict[str, Any]:
    described = {"schema": _schema_of(media_type, body)} | ({"example": example_of(body)} if body else {})
    told = " ".join(str(body.__doc__).split()) if body else told
    return {"description": told, "headers": REQUEST_ID, "content": {media_type: described}}


def _schema_of(media_type: str, body: type[Body] | None) -> dict[str, Any]:
    if media_type != "application/json":
        # Not the model of `GET /`: generated clients take whatever has a name for JSON.
        return {"type": "string"}
    return reference_to(body) if body else {"type": "object"}


def _errors(function: Any, kinds: Iterable[type[Problem]]) -> dict[str, Any]:
    """Returns the errors that the docstring tells of, and those that are answered in place of the function."""
    return error_responses(dict.fromkeys((kind.status for kind in kinds), "") | docstrings.errors_of(function))
