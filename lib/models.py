"""What each endpoint accepts: the one definition behind checking, error messages and JSON Schema."""

from collections.abc import Mapping
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lib.fields import (
    PATTERN_SENTENCES,
    AuthUrl,
    CloudPassword,
    KeystoneId,
    Login,
    NewPassword,
    OptionalFreeText,
    OptionalId,
    OptionalPassword,
    OptionalText,
    TeamName,
    TeamRole,
)


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

    auth_url: AuthUrl
    password: CloudPassword
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


class ForCloud(Model):
    """What every request that asks Keystone carries."""

    cloud_env: CloudEnv

    @model_validator(mode="before")
    @classmethod
    def _name_every_missing_field(cls, data: Any) -> Any:
        """Without a cloud_env at all, name what it would have to hold; likewise any other part of the request."""
        parts = {name for name, field in cls.model_fields.items() if isinstance(field.annotation, type(Model))}
        return {part: {} for part in parts} | data if isinstance(data, dict) else data


class NewUser(ForCloud):
    """POST /user, from UI v1.2.0 on: the UI sends `username`, `name`, `password` and `email`.

    `cloud_user_id` means "I have this already"; `password` may be blank only beside it: v0.2.0 and later send accounts
    older than the feature so.
    """

    username: Login
    cloud_user_id: OptionalId = None
    password: OptionalPassword = Field(default=None, validate_default=True)
    email: OptionalFreeText = None
    name: OptionalFreeText = None

    @field_validator("password")
    @classmethod
    def _blank_only_for_a_known_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("cloud_user_id", "refused") is None:
            raise ValueError("is required and must not be blank, unless cloud_user_id is given")
        return value


class SignUp(NewUser):
    """POST /create_user_project, from every UI release up to v1.1.0: the three ids are sent only when not blank."""

    project_id: OptionalId = None
    billing_account_id: OptionalText = None


class NewData(Model):
    """What to change of a user. A password that is null or blank is refused: the UI would keep it as theirs."""

    email: OptionalFreeText = None
    # None only where it is not sent: to null or a blank one the UI must not be told 2xx.
    password: NewPassword = None  # type: ignore[assignment]

    @model_validator(mode="after")
    def _something(self) -> "NewData":
        if self.email is None and self.password is None:
            raise ValueError("holds nothing to change: neither email nor password")
        return self


class ChangedUser(Model):
    """Whose data is to be changed."""

    cloud_user_id: KeystoneId
    new_data: NewData


class UserChange(ForCloud):
    """POST /change_user_details (UI v1.0.0 to v1.1.0) and PATCH /user (v1.2.0 and later)."""

    user_info: ChangedUser


class UserInfo(Model):
    """The ids of a user that is to go, and of their project; null where the UI never had one."""

    cloud_user_id: OptionalId
    project_id: OptionalId = None


class UserRemoval(ForCloud):
    """DELETE /delete_user (UI v1.0.0 to v1.1.0) and DELETE /user (v1.2.0 and later, without a project)."""

    user_info: UserInfo


class NewTeam(ForCloud):
    """POST /team, from UI v1.2.0 on; the ids are sent once the UI has them."""

    name: TeamName
    project_id: OptionalId = None
    billing_acct_id: OptionalText = None


class TeamInfo(Model):
    """The id of a team's project; null where the UI never had one."""

    project_id: OptionalId


class TeamRemoval(ForCloud):
    """DELETE /team, from UI v1.2.0 on."""

    team_info: TeamInfo


class Membership(Model):
    """Who is given which role in which team."""

    role: TeamRole
    project_id: KeystoneId
    user_id: KeystoneId


class NewTeamRole(ForCloud):
    """POST /team_role, from UI v1.2.0 on."""

    team_role: Membership


class ChangedMembership(Model):
    """Whose role in which team is to become which."""

    current_role: TeamRole
    new_role: TeamRole
    project_id: KeystoneId
    user_id: KeystoneId


class TeamRoleChange(ForCloud):
    """PATCH /team_role, from UI v1.2.0 on."""

    team_role: ChangedMembership


class EndedMembership(Model):
    """Whose role in which team is to end; where an id is null, as the UI never had one, there is nothing to end."""

    role: TeamRole
    project_id: OptionalId
    user_id: OptionalId


class TeamRoleRemoval(ForCloud):
    """DELETE /team_role, from UI v1.2.0 on."""

    team_role: EndedMembership


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
    "literal_error": "must be {expected}",
    "value_error": "{error}",
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
        return PATTERN_SENTENCES[context["pattern"]]
    return _SENTENCES[kind].format_map(context) if kind in _SENTENCES else message
