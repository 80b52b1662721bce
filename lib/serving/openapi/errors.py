"""From the classes of errors to the answers that the contract has for them."""

from collections.abc import Mapping
from typing import Any

from lib import errors
from lib.errors import RETRY_AFTER, MethodNotAllowed, Unauthorized

REQUEST_ID = {"X-OpenStack-Request-ID": {"$ref": "#/components/headers/RequestId"}}
_MORE_HEADERS = {
    Unauthorized.status: {"WWW-Authenticate": {"$ref": "#/components/headers/Authenticate"}},
    MethodNotAllowed.status: {"Allow": {"$ref": "#/components/headers/Allow"}},
    **{status: {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}} for status in RETRY_AFTER},
}


def kinds() -> Mapping[int, Mapping[str, str]]:
    """Returns for each status of errors its codes, each with what it means."""
    found: dict[int, dict[str, str]] = {}
    for kind in errors.kinds():
        found.setdefault(kind.status, {}).setdefault(kind.code, str(kind.__doc__))
    return dict(sorted(found.items()))


def error_schemas() -> dict[str, Any]:
    """Returns a schema for the errors of each status."""
    return {_name(status): _schema(codes) for status, codes in kinds().items()}


def error_responses(told: Mapping[int, str]) -> dict[str, Any]:
    """Returns an answer for each of these statuses, with what is told of it, and with what each of its codes means."""
    return {
        str(status): _response(status, told[status])
        if told[status]
        else {"$ref": f"#/components/responses/{_name(status)}"}
        for status in sorted(told)
    }


def shared_responses() -> dict[str, Any]:
    """Returns the answers of which there is nothing more to tell than what each of their codes means."""
    return {_name(status): _response(status, "") for status in kinds()}


def headers() -> dict[str, Any]:
    """Returns the headers that answers have."""
    text, described = {"type": "string"}, "description"
    return {
        "RequestId": {described: "The request id, under which the log has more.", "required": True, "schema": text},
        "RetryAfter": {
            described: "The seconds to wait before the request is repeated.",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        },
        "Allow": {described: "The methods that the path is served for.", "required": True, "schema": text},
        "Authenticate": {described: "How to show that you may call.", "required": True, "schema": text},
    }


def _name(status: int) -> str:
    return f"Error{status}"


def _schema(codes: Mapping[str, str]) -> dict[str, Any]:
    told = {
        "error": "The code, which stays the same in later releases.",
        "message": "A sentence for a person, whose wording may change.",
        "request_id": "The id under which the log has more.",
    }
    properties: dict[str, Any] = {name: {"type": "string", "description": text} for name, text in told.items()}
    properties["error"]["enum"] = [*codes]
    return {"type": "object", "required": [*properties], "properties": properties}


def _response(status: int, told: str) -> dict[str, Any]:
    meanings = "\n".join(f"- `{code}`: {meaning}" for code, meaning in kinds()[status].items())
    return {
        "description": f"{told[:1].upper()}{told[1:]}\n\n{meanings}".strip(),
        "headers": REQUEST_ID | _MORE_HEADERS.get(status, {}),
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{_name(status)}"}}},
    }
