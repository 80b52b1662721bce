"""Which answers are plainly Keystone's own. Nothing else is believed, be it a success or a refusal."""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from lib import settings
from lib.call.masking import shown
from lib.errors import BadRequest, NotKeystone, Problem, UnclearAnswer
from lib.keystone.client.problems import Redirects

# How much of a page the log quotes: enough to tell who sent it.
LONGEST_EXCERPT = 200
# Keystone never answers with one of these.
NEVER_KEYSTONES = (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)


def check(answer: requests.Response) -> None:
    """Raises a problem unless the answer is plainly Keystone's own, or a failure (5xx) in any form.

    Keystone refuses with `{"error": {"code": <the status>, "message": …, "title": …}}`, or asks for a second factor.
    """
    status = answer.status_code
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        # This is believed from anybody, as Keystone's own is a page, too.
        raise BadRequest("The request is too large for Keystone, or for a proxy before it.", detail=_excerpt(answer))
    if status in NEVER_KEYSTONES:
        raise NotKeystone(
            f"What answers at cloud_env.auth_url is not a Keystone v3: it answered {status}.", detail=_excerpt(answer)
        )
    if 300 <= status < 400 and "Location" in answer.headers:
        raise _redirect(answer)
    if not _is_believed(answer):
        unclear = UnclearAnswer(
            f"cloud_env.auth_url answered {status} with {_form(answer)} in place of an answer in Keystone's form. Look"
            " at the path of auth_url, and at proxies before Keystone that answer by themselves or replace the bodies"
            " of errors (in nginx: proxy_intercept_errors).",
            detail=_excerpt(answer),
        )
        unclear.answered = status
        raise unclear


def _is_believed(answer: requests.Response) -> bool:
    if answer.status_code < 400:
        return is_success(answer)
    return answer.status_code >= 500 or bool(_refusal(answer)) or _asks_for_factor(answer)


def sentence_of(answer: requests.Response) -> str:
    """Returns Keystone's message in a refusal of its own form, or an empty text."""
    return str(_refusal(answer).get("message", ""))


def names_any(sentence: str, ids: Iterator[str]) -> bool:
    """Whether the sentence names one of these ids, as a whole word."""
    words = set(re.findall(r"[\w-]+", sentence))
    return any(one in words for one in ids)


def ids_of(request: requests.PreparedRequest) -> Iterator[str]:
    """Returns the ids in a call: in its path (`/users/<id>`), its query (`user.id`) and its body (`domain_id`)."""
    url = urlsplit(str(request.url))
    yield from url.path.split("/v3/")[-1].split("/")[1::2]
    yield from (value for name, value in parse_qsl(url.query) if name.endswith("id"))
    yield from _ids_in(_json(request.body))


def _ids_in(body: Any) -> Iterator[str]:
    for name, value in body.items() if isinstance(body, dict) else ():
        if name.endswith("id") and isinstance(value, str):
            yield value
        yield from _ids_in(value)


def is_success(answer: requests.Response) -> bool:
    """Whether Keystone answers so when it has done what it was asked. Grants and removals have no body."""
    if answer.request.method in ("PUT", "DELETE"):
        return answer.status_code == HTTPStatus.NO_CONTENT
    return 200 <= answer.status_code < 300 and _is_json(answer)


def _refusal(answer: requests.Response) -> dict[str, Any]:
    """Returns the `error` of a refusal in Keystone's own form, or an empty dict."""
    body = _json(answer.content) if _is_json(answer) else None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or error.get("code") != answer.status_code:
        return {}
    return error if all(isinstance(error.get(text), str) for text in ("message", "title")) else {}


def _asks_for_factor(answer: requests.Response) -> bool:
    """Whether Keystone has accepted one factor of a log-in and asks for another."""
    if answer.status_code != HTTPStatus.UNAUTHORIZED or "Openstack-Auth-Receipt" not in answer.headers:
        return False
    body = _json(answer.content)
    receipt = body.get("receipt") if isinstance(body, dict) else None
    return isinstance(receipt, dict) and {"methods", "expires_at"} <= receipt.keys() and "required_auth_methods" in body


def _json(data: str | bytes | None) -> Any:
    """Returns the value of the JSON, or None if the data is not JSON."""
    try:
        return json.loads(data or "")
    except (ValueError, RecursionError):
        return None


def _is_json(answer: requests.Response) -> bool:
    return answer.headers.get("Content-Type", "").startswith("application/json")


def _redirect(answer: requests.Response) -> Problem:
    """Returns the problem of a redirect. It tells the host only if the operators have said what may be connected to."""
    asked = urlsplit(str(answer.request.url))
    target = urlsplit(urljoin(asked.geturl(), answer.headers["Location"]))
    where = shown(f"{target.scheme}://{target.netloc.rpartition('@')[2]}")[:LONGEST_EXCERPT]
    if target.hostname == asked.hostname and target.scheme == "https" != asked.scheme:
        remedy = "Put https in place of http into cloud_env.auth_url, with the port of https."
    else:
        remedy = "Put the URL that it leads to into cloud_env.auth_url."
    told = f"to {where}" if settings.current().allowed_auth_urls is not None else "to a URL that the log has"
    return Redirects(
        f"What answers at cloud_env.auth_url redirects ({answer.status_code}) {told}. {remedy}",
        detail=f"answered {answer.status_code} with a redirect to {where}{shown(target.path)}"[:LONGEST_EXCERPT],
    )


def _form(answer: requests.Response) -> str:
    if not answer.content:
        return "an empty body"
    return "JSON of another form" if _is_json(answer) else "a page"


def _excerpt(answer: requests.Response) -> str:
    """Returns what was answered, and how it begins, for the log."""
    begins = shown(answer.text)[:LONGEST_EXCERPT]
    return f"answered {answer.status_code} with {_form(answer)}{': ' if begins else ''}{begins}"
