"""The values that requests are made of: what the UI and its administrators may send, and how a mistake is told."""

import re
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, WithJsonSchema

from lib.request import schemas
from lib.request.urls import keystone_v3_url

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DASHED_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEX_ID = re.compile(r"[0-9A-Fa-f]{32}([0-9A-Fa-f]{32})?")
_KEYSTONE_ID = r"^[0-9A-Za-z_-]{1,64}$"
_LOGIN = r"^[0-9A-Za-z._-]+$"
_TEAM_NAME = r"^[0-9A-Za-z_ \t\r\n\f\v-]*[0-9A-Za-z_-][0-9A-Za-z_ \t\r\n\f\v-]*$"
_Value = TypeVar("_Value", str, SecretStr)


def _blank_is_absent(value: object) -> object:
    return None if isinstance(value, str) and not value.strip(schemas.WHITE_SPACE) else value


def _well_formed(value: _Value) -> _Value:
    """Refuses half of a surrogate pair, which JSON can spell and which UTF-8 cannot carry on to Keystone."""
    try:
        (value if isinstance(value, str) else value.get_secret_value()).encode()
    except UnicodeEncodeError:
        raise ValueError("must be well-formed Unicode") from None
    return value


def _neither_null_nor_blank(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip(schemas.WHITE_SPACE)):
        raise ValueError("must not be null or blank")
    return value


def _without_stray_spaces(value: object) -> object:
    return value.strip(schemas.WHITE_SPACE) if isinstance(value, str) else value


def _without_control_characters(value: str) -> str:
    if _CONTROL_CHARACTERS.search(value):
        raise ValueError("must not hold control characters")
    return value


def _without_one_newline(value: object) -> object:
    """Removes one newline at the end, which the UI's own check of a login lets through."""
    return value.removesuffix("\n") if isinstance(value, str) else value


def _as_keystone_spells_it(value: object) -> object:
    """Undoes the dashes that UI v0.2.0 and v0.2.1 put into ids, and the upper case that an administrator may type."""
    if isinstance(value, str) and _DASHED_UUID.fullmatch(value):
        value = value.replace("-", "")
    return value.lower() if isinstance(value, str) and _HEX_ID.fullmatch(value) else value


PATTERN_SENTENCES = {
    _KEYSTONE_ID: "must be a Keystone id: letters and digits, at most 64",
    _LOGIN: "must hold only letters, digits, '.', '_' and '-'",
    _TEAM_NAME: "must hold only letters, digits, '_', '-' and spaces",
}

# An administrator types these into a form of the UI, which bounds each at 255 characters.
Text = Annotated[
    str,
    BeforeValidator(_without_stray_spaces),
    StringConstraints(min_length=1, max_length=255),
    AfterValidator(_without_control_characters),
    AfterValidator(_well_formed),
    WithJsonSchema(schemas.TEXT),
]
OptionalText = Annotated[Text | None, BeforeValidator(_blank_is_absent), WithJsonSchema(schemas.OPTIONAL_TEXT)]
AuthUrl = Annotated[Text, AfterValidator(keystone_v3_url), WithJsonSchema(schemas.AUTH_URL)]
CloudPassword = Annotated[SecretStr, Field(min_length=1, max_length=255), AfterValidator(_well_formed)]

# Keystone's ids are 32 or 64 hex digits. An administrator may type anything, and an id becomes part of a URL.
PlainId = Annotated[str, StringConstraints(pattern=_KEYSTONE_ID)]
KeystoneId = Annotated[PlainId, BeforeValidator(_as_keystone_spells_it)]
OptionalId = Annotated[KeystoneId | None, BeforeValidator(_blank_is_absent), WithJsonSchema(schemas.OPTIONAL_ID)]

# The UI's rule for logins, except for its length (80): lib.keystone.names shortens what is too long for Keystone.
Login = Annotated[
    str,
    BeforeValidator(_without_one_newline),
    StringConstraints(min_length=1, max_length=255, pattern=_LOGIN),
    WithJsonSchema(schemas.LOGIN),
]

# The UI takes 6 to 128 characters. How short a password may be is for Keystone's own policy to say.
Password = Annotated[SecretStr, Field(max_length=128), AfterValidator(_well_formed)]
NewPassword = Annotated[Password, BeforeValidator(_neither_null_nor_blank), WithJsonSchema(schemas.NEW_PASSWORD)]
OptionalPassword = Annotated[
    Password | None, BeforeValidator(_blank_is_absent), WithJsonSchema(schemas.OPTIONAL_PASSWORD)
]

# Free text is stored as an attribute only. The limit of the body bounds its length.
OptionalFreeText = Annotated[
    Annotated[str, AfterValidator(_well_formed)] | None,
    BeforeValidator(_blank_is_absent),
    WithJsonSchema(schemas.NULLABLE),
]

# The UI's rule for the names of teams, except for its length (56). It allows spaces of all kinds, at the ends, too.
TeamName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_TEAM_NAME)]
TeamRole = Literal["admin", "member"]
