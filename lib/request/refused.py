"""What a request that is refused still tells: whom it is about, and its secrets, which the log must not have."""

from typing import Any, get_args

from pydantic import SecretStr

from lib.request.model import Model
from lib.request.parts import parts


def about_in(model: type[Model], request: object) -> dict[str, str]:
    """Returns whom or what it is about, as the log calls it. The values are as they were sent, and may be anything."""
    return {
        logged: value
        for kind, part in parts(model, request)
        for name, logged in kind.names_in_log.items()
        if isinstance(value := part.get(name), str) and value.strip()
    }


def secrets_in(model: type[Model], request: object) -> list[str]:
    """Returns the texts in it that stand in the place of a secret."""
    return [
        value
        for kind, part in parts(model, request)
        for name, field in kind.model_fields.items()
        if isinstance(value := part.get(name), str) and _holds_secret(field.annotation)
    ]


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))
