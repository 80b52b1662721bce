"""What the bodies of all answers have in common, and those that several paths share."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """The body of a 2xx answer. It is frozen, and a key whose value is None is left out of it."""

    # Built when first used: most processes answer with few of them.
    model_config = ConfigDict(
        frozen=True, strict=True, defer_build=True, json_schema_serialization_defaults_required=True
    )

    status_code: ClassVar[int] = 201
    """The status that it is answered with: 201 whatever was done, as the older service did and the UI expects."""
    text: ClassVar[str] = ""
    """The whole body where that is plain text, and no JSON object."""

    def value(self) -> dict[str, Any] | str:
        """Returns the body as a function answers it."""
        return self.text or self.model_dump(exclude_none=True)


class Done(Body):
    """The answer that tells of nothing but success."""

    success: Literal[True] = True


class Running(Body):
    """The answer of `GET /`."""

    status_code = 200
    text = "Running"


class Alive(Body):
    """The answer of `GET /healthz`."""

    status_code = 200
    status: Literal["ok"] = "ok"


class Ready(Body):
    """The answer of `GET /readyz`."""

    status_code = 200
    status: Literal["ready"] = "ready"
