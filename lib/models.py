"""What each endpoint accepts: the one definition behind checking, error messages and JSON Schema."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DASHED_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_KEYSTONE_ID = r"^[0-9A-Za-z_-]{1,64}$"
_LOGIN = r"^[0-9A-Za-z._-]+$"
_Value = TypeVar("_Value", str, SecretStr)
_HTTP_URL = TypeAdapter(HttpUrl)


def _blank_is_absent(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _well_formed(value: _Value) -> _Value:
    """JSON can spell half of a surrogate pair, which no UTF-8 can carry on to Keystone."""
    try:
        (value if isinstance(value, str) else value.get_secret_value()).encode()
    except UnicodeEncodeError:
        raise ValueError("must be well-formed Unicode") from None
    return value


def _without_control_characters(value: str) -> str:
    if _CONTROL_CHARACTERS.search(value):
        raise ValueError("must not hold control characters")
    return value


def _without_one_newline(value: object) -> object:
    """The UI's own check of a login lets one trailing newline through."""
    return value.removesuffix("\n") if isinstance(value, str) else value


def _without_uuid_dashes(value: object) -> object:
    """UI v0.2.0 and v0.2.1 store Keystone's 32 hex digits as a dashed UUID."""
    return value.replace("-", "") if isinstance(value, str) and _DASHED_UUID.fullmatch(value) else value


def _keystone_v3_url(value: str) -> str:
    """The URL of Keystone's v3 API, rebuilt from its parts so that no two parsers can read it differently."""
    try:
        url = _HTTP_URL.validate_python(value)
    except ValidationError:
        raise ValueError("must be an http or https URL") from None
    if not url.port:
        raise ValueError("must be an http or https URL with a port that can be dialled")
    if url.username or url.password or url.query is not None or url.fragment is not None:
        raise ValueError("must be a URL without user, password, query or fragment")
    path = (url.path or "").rstrip("/")
    return f"{url.scheme}://{url.host}:{url.port}{path if path.endswith('/v3') else path + '/v3'}"


# Typed by an admin into a form of the UI, which bounds each at 255 characters.
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(_without_control_characters),
    AfterValidator(_well_formed),
]
OptionalText = Annotated[Text | None, BeforeValidator(_blank_is_absent)]

# Keystone's ids are 32 or 64 hex digits; an admin may type anything into the UI, and an id becomes part of a URL.
KeystoneId = Annotated[str, BeforeValidator(_without_uuid_dashes), StringConstraints(pattern=_KEYSTONE_ID)]
OptionalId = Annotated[KeystoneId | None, BeforeValidator(_blank_is_absent)]

# The UI's rule for logins, but for its length (80): names that outgrow Keystone are shortened by lib.names.
Login = Annotated[
    str, BeforeValidator(_without_one_newline), StringConstraints(min_length=1, max_length=255, pattern=_LOGIN)
]

# The UI takes 6 to 128 characters. How short one may be is Keystone's own policy.
Password = Annotated[SecretStr, Field(max_length=128), AfterValidator(_well_formed)]
OptionalPassword = Annotated[Password | None, BeforeValidator(_blank_is_absent)]

# Free text of any length the body's own limit allows; it is stored as an attribute only.
OptionalFreeText = Annotated[Annotated[str, AfterValidator(_well_formed)] | None, BeforeValidator(_blank_is_absent)]


class Model(BaseModel):
    """A request, or part of one: frozen, no type is coerced, unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    def secrets(self) -> tuple[str, ...]:
        """Every secret in it, for masking by value."""
        values = [value for _, value in self]
        own = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return (*own, *(secret for value in values if isinstance(value, Model) for secret in value.secrets()))


class Nothing(Model):
    """A request that carries nothing of interest."""


class CloudEnv(Model):
    """Keystone's URL and the account that acts there: `cloud_env` as any UI release sends it.

    E1 (July 2023): auth_url, username, password, project_name, user_domain_name, project_domain_name.
    E2 (v0.2.0 and later): auth_url, user_id, password, project_id. User and project may come in either form.
    Where both an id and a name are given, the id counts.
    """

    auth_url: Annotated[Text, AfterValidator(_keystone_v3_url)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=255), AfterValidator(_well_formed)]
    user_id: OptionalText = None
    username: OptionalText = Field(default=None, validate_default=True)
    user_domain_name: OptionalText = Field(default=None, validate_default=True)
    project_id: OptionalText = None
    project_name: OptionalText = Field(default=None, validate_default=True)
    project_domain_name: OptionalText = Field(default=None, validate_default=True)

    @field_validator("username", "user_domain_name", "project_name", "project_domain_name")
    @classmethod
    def _by_id_or_by_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        id_field = "user_id" if str(info.field_name).startswith("user") else "project_id"
        if value is None and info.data.get(id_field, "refused") is None:
            raise ValueError(f"is required, unless {id_field} is given")
        return value


class SignUp(Model):
    """POST /create_user_project, from every UI release up to v1.1.0.

    The three ids are sent only when not blank and mean "I have these already". `password` may be blank
    only beside `cloud_user_id`: v0.2.0 and later send accounts older than the feature so.
    """

    username: Login
    cloud_user_id: OptionalId = None
    password: OptionalPassword = Field(default=None, validate_default=True)
    email: OptionalFreeText = None
    project_id: OptionalId = None
    billing_account_id: OptionalText = None
    cloud_env: CloudEnv

    @model_validator(mode="before")
    @classmethod
    def _name_every_missing_field(cls, data: Any) -> Any:
        """Without a cloud_env at all, name what it would have to hold."""
        return {"cloud_env": {}, **data} if isinstance(data, dict) else data

    @field_validator("password")
    @classmethod
    def _blank_only_for_a_known_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("cloud_user_id", "refused") is None:
            raise ValueError("is required and must not be blank, unless cloud_user_id is given")
        return value


_SENTENCES = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_sub_type": "must be a string",
    "string_too_short": "must not be blank",
    "too_short": "must not be blank",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} characters",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "value_error": "{error}",
}
_PATTERN_SENTENCES = {
    _KEYSTONE_ID: "must be a Keystone id: letters and digits, at most 64",
    _LOGIN: "must hold only letters, digits, '.', '_' and '-'",
}


def sentences(error: ValidationError) -> str:
    """Every problem of a request in one message: `username: is required; cloud_env.auth_url: …`. Quotes no value."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'request'}: "
        f"{_sentence(problem['type'], problem['msg'], problem.get('ctx', {}))}"
        for problem in error.errors(include_url=False, include_input=False)
    )


def _sentence(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch":
        return _PATTERN_SENTENCES[context["pattern"]]
    return _SENTENCES[kind].format_map(context) if kind in _SENTENCES else message
