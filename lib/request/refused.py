"""What a request that is refused still tells: whom it is about, and its secrets, which the log must not have."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import SecretStr

from lib.request.model import Model


def about_in(model: type[Model], request: object) -> dict[str, str]:
    """Returns whom or what it is about, as the log calls it. The values are as they were sent, and may be anything."""
    return {
        logged: value
        for kind, part in _parts(model, request)
        for name, logged in kind.names_in_log.items()
        if isinstance(value := part.get(name), str) and value.strip()
    }


def secrets_in(model: type[Model], request: object) -> list[str]:
    """Returns the texts in it that stand in the place of a secret."""
    return [
        value
        for kind, part in _parts(model, request)
        for name, field in kind.model_fields.items()
        if isinstance(value := part.get(name), str) and _holds_secret(field.annotation)
    ]


def _parts(model: type[Model], request: object) -> Iterator[tuple[type[Model], dict[str, Any]]]:
    """Finds the request and each part of it for which there is a model, as far as they are objects."""
    if isinstance(request, dict):
        yield model, request
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Model):
                yield from _parts(field.annotation, request.get(name))


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))
