"""What requests about users hold, as every release of the Concertim UI sends them."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from lib.request import fields
from lib.request.model import ForCloud, Model


class NewUser(ForCloud):
    """POST /user. UI v1.2.0 and later send `username`, `name`, `password` and `email`.

    `cloud_user_id` says that the UI has a user already. Only beside it may `password` be blank: UI v0.2.0 and later
    send no password for accounts that are older than the feature.
    """

    username: fields.Login
    cloud_user_id: fields.OptionalId = None
    password: fields.OptionalPassword = Field(default=None, validate_default=True)
    email: fields.OptionalFreeText = None
    name: fields.OptionalFreeText = None

    @field_validator("password")
    @classmethod
    def _blank_only_for_a_known_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("cloud_user_id", "refused") is None:
            raise ValueError("is required and must not be blank, unless cloud_user_id is given")
        return value


class SignUp(NewUser):
    """POST /create_user_project. UI releases up to v1.1.0 send it, with each of the three ids only if they have it."""

    project_id: fields.OptionalId = None
    billing_account_id: fields.OptionalText = None


class NewData(Model):
    """What to change of a user. A password that is null or blank is refused, as the UI would store it as the user's."""

    email: fields.OptionalFreeText = None
    # It is None only where it was not sent. A null that was sent is refused.
    password: fields.NewPassword = None  # type: ignore[assignment]

    @model_validator(mode="after")
    def _something(self) -> "NewData":
        if self.email is None and self.password is None:
            raise ValueError("holds nothing to change: neither email nor password")
        return self


class ChangedUser(Model):
    """The user whose data is to be changed, and the new data."""

    cloud_user_id: fields.KeystoneId
    new_data: NewData


class UserChange(ForCloud):
    """POST /change_user_details (UI v1.0.0 to v1.1.0) and PATCH /user (v1.2.0 and later)."""

    user_info: ChangedUser


class UserInfo(Model):
    """The ids of the user to remove, and of their project. Each is null where the UI never had one."""

    cloud_user_id: fields.OptionalId
    project_id: fields.OptionalId = None


class UserRemoval(ForCloud):
    """DELETE /delete_user (UI v1.0.0 to v1.1.0) and DELETE /user (v1.2.0 and later, without a project)."""

    user_info: UserInfo
