"""Whole answers, by which a test compares in one assertion what a function returned, and answers for scripted peers."""

import json
from http import HTTPStatus
from typing import Any

from lib.endpoint import Answer


class _RequestId:
    """A value that equals any request id."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith("req-") and len(other) == len("req-") + 36

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "req-…"


def error(status: int, code: str, message: str) -> Answer:
    """Returns the answer to a problem, with any request id."""
    return status, {"error": code, "message": message, "request_id": _RequestId()}


def done() -> Answer:
    """Returns the answer that tells of nothing but success."""
    return 201, {"success": True}


def signed_up(login: str, user_id: str, project_id: str, billing_id: str | None = None) -> Answer:
    """Returns the answer to a finished sign-up."""
    billing: dict[str, Any] = dict.fromkeys(("billing_account_id", "billing_acct_id"), billing_id or project_id)
    return 201, {"project_id": project_id, "user_id": user_id, "username": login, **billing}


def refusal(status: int, message: str) -> tuple[int, dict[str, str], bytes]:
    """Returns a refusal in the form by which an answer is known to be Keystone's own."""
    error = {"code": status, "message": message, "title": HTTPStatus(status).phrase}
    return status, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode()


def unclear(status: int, form: str) -> Answer:
    """Returns the answer where something answered in Keystone's place, so that nothing can be learnt from it."""
    return error(
        502,
        "unclear_answer",
        f"cloud_env.auth_url answered {status} with {form} in place of an answer in Keystone's form. Look at the path"
        " of auth_url, and at proxies before Keystone that answer by themselves or replace the bodies of errors (in"
        " nginx: proxy_intercept_errors).",
    )
