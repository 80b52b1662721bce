"""What all requests have in common: how they are checked, and `cloud_env`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from lib.request.fields import AuthUrl, CloudPassword, OptionalText
from lib.request.schemas import unless


class Model(BaseModel):
    """A request, or a part of one. It is frozen, coerces no types and ignores unknown keys."""

    # Built when first used: a function uses one of many.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True, defer_build=True)

    names_in_log: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"username": "login", "cloud_user_id": "user_id", "user_id": "user_id", "project_id": "project_id"}
    )
    """The fields that say whom or what the request is about, and what the log calls them."""
    changes_cloud: ClassVar[bool] = True
    """Whether the function that takes the request may change anything in the cloud."""
    since: ClassVar[str] = ""
    """The first release of the Concertim UI that sends the fields of this class."""
    but: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The fields that another release sends first, with that release, or with nothing where no release sends them."""

    def __init_subclass__(cls, since: str = "", but: Mapping[str, str] = MappingProxyType({}), **more: Any) -> None:
        """Takes `since` and `but` from the class statement."""
        super().__init_subclass__(**more)
        cls.since, cls.but = since, but

    def about(self) -> dict[str, str]:
        """Returns whom or what it is about, as far as it says, as the log calls it."""
        values = dict(self)
        own = {logged: values[name] for name, logged in self.names_in_log.items() if values.get(name)}
        parts = [value.about() for value in values.values() if isinstance(value, Model)]
        return {name: value for part in (own, *parts) for name, value in part.items()}

    def secrets(self) -> tuple[str, ...]:
        """Returns every secret in it, so that texts which quote one can be masked."""
        own = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        return (*own, *(secret for _, value in self if isinstance(value, Model) for secret in value.secrets()))


class Nothing(Model):
    """A request of which nothing is used."""

    changes_cloud = False


class CloudEnv(Model, since="July 2023", but={"user_id": "v0.2.0", "project_id": "v0.2.0"}):
    """Keystone's URL, and the account that acts there.

    UI releases send it in one of two forms. In July 2023: auth_url, username, password, project_name, user_domain_name,
    project_domain_name. From v0.2.0 on: auth_url, user_id, password, project_id. Where both an id and a name are sent,
    the id is used.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                unless("user_id", "username", "user_domain_name"),
                unless("project_id", "project_name", "project_domain_name"),
            ]
        }
    )

    names_in_log: ClassVar[Mapping[str, str]] = MappingProxyType({"user_id": "account", "username": "account"})

    auth_url: AuthUrl
    """An http or https URL whose host is a name or an address. It has no user, password, query or fragment. Its path
    may leave `/v3` off."""
    password: CloudPassword
    """1 to 255 characters of any kind, taken exactly as sent."""
    user_id: OptionalText = None
    """The account's id."""
    username: OptionalText = Field(default=None, validate_default=True)
    """The account's name."""
    user_domain_name: OptionalText = Field(default=None, validate_default=True)
    """The name of the account's domain."""
    project_id: OptionalText = None
    """The id of a project on which the account has its role."""
    project_name: OptionalText = Field(default=None, validate_default=True)
    """The name of that project."""
    project_domain_name: OptionalText = Field(default=None, validate_default=True)
    """The name of that project's domain."""

    @field_validator("username", "user_domain_name", "project_name", "project_domain_name")
    @classmethod
    def _by_id_or_by_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        id_field = "user_id" if str(info.field_name).startswith("user") else "project_id"
        if value is None and info.data.get(id_field, "refused") is None:
            raise ValueError(f"is required, unless {id_field} is given")
        return value


class ForCloud(Model):
    """A request to a function that asks Keystone."""

    cloud_env: CloudEnv

    @model_validator(mode="before")
    @classmethod
    def _name_every_missing_field(cls, data: Any) -> Any:
        """Makes a part that is missing, such as cloud_env, empty: then every field that it lacks is named."""
        parts = {name for name, field in cls.model_fields.items() if isinstance(field.annotation, type(Model))}
        return {part: {} for part in parts} | data if isinstance(data, dict) else data
