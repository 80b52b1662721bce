"""Turns what pydantic finds wrong with a request into sentences for a person."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from lib.request.fields import PATTERN_SENTENCES
from lib.request.model import Model
from lib.request.unknown_keys import unknown_keys

_SENTENCES = {
    "missing": "is required",
    **dict.fromkeys(("string_type", "string_sub_type"), "must be a string"),
    **dict.fromkeys(("string_too_short", "too_short"), "must not be blank"),
    **dict.fromkeys(("string_too_long", "too_long"), "must have at most {max_length} characters"),
    **dict.fromkeys(("model_type", "model_attributes_type"), "must be an object"),
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}


def sentences(error: ValidationError, model: type[Model], request: object, is_secret: Callable[[str], bool]) -> str:
    """Returns every problem of a request in one message: `username: is required (user_name is not known); password: …`.

    It quotes no value, and no key that `is_secret`.
    """
    problems = error.errors(include_url=False, include_input=False)
    unknown = unknown_keys(model, request, [problem["loc"] for problem in problems], is_secret)
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'request'}: "
        f"{_sentence(problem['type'], problem['msg'], problem.get('ctx', {}))}{unknown.get(problem['loc'], '')}"
        for problem in problems
    )


def _sentence(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch":
        return PATTERN_SENTENCES[context["pattern"]]
    return _SENTENCES[kind].format_map(context) if kind in _SENTENCES else message
