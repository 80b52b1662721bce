"""What requests about users hold, as every release of the Concertim UI sends them."""

from pydantic import ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

from lib.request import fields
from lib.request.model import ForCloud, Model
from lib.request.schemas import unless


class NewUser(ForCloud, since="v1.2.0", but={"cloud_user_id": ""}):
    """POST /user.

    `cloud_user_id` says that the client has a user already. Only beside it may `password` be blank: UI v0.2.0 and later
    send no password for accounts that are older than the feature.
    """

    model_config = ConfigDict(json_schema_extra=unless("cloud_user_id", "password"))

    username: fields.Login
    """The person's login in Concertim."""
    cloud_user_id: fields.OptionalId = None
    """The user that the client has already. The user is checked, and the same id is answered. If there is no such user,
    one is created, and a password is needed."""
    password: fields.OptionalPassword = Field(default=None, validate_default=True)
    """The person's password in Keystone."""
    email: fields.OptionalFreeText = None
    """Stored as the user's attribute `email`."""
    name: fields.OptionalFreeText = None
    """The person's name, stored as the user's attribute `concertim_full_name`."""

    @field_validator("password")
    @classmethod
    def _blank_only_for_a_known_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("cloud_user_id", "refused") is None:
            raise ValueError("is required and must not be blank, unless cloud_user_id is given")
        return value


class SignUp(
    NewUser,
    since="v0.2.2",
    but={
        "username": "July 2023",
        "password": "July 2023",
        "cloud_user_id": "v0.2.0",
        "project_id": "v0.2.0",
        "name": "",
    },
):
    """POST /create_user_project. UI releases up to v1.1.0 send it, with each of the three ids only if they have it."""

    project_id: fields.OptionalId = None
    """The project that the client has already. The project is checked, and the same id is answered. If there is no such
    project, one is created."""
    billing_account_id: fields.OptionalText = None
    """The billing account that the client has already; the same id is answered."""


class NewData(Model, since="v1.0.0"):
    """What to change of a user. A password that is null or blank is refused, as the UI would store it as the user's."""

    model_config = ConfigDict(json_schema_extra=unless("email", "password"))

    email: fields.OptionalFreeText = None
    """The new e-mail."""
    # It is None only where it was not sent. A null that was sent is refused.
    password: fields.NewPassword = None  # type: ignore[assignment]
    """The new password. After any 2xx, the UI stores what it sent as the user's password, so null is never accepted."""

    @model_validator(mode="after")
    def _something(self) -> "NewData":
        if self.email is None and self.password is None:
            raise ValueError("holds nothing to change: neither email nor password")
        return self


class ChangedUser(Model, since="v1.0.0"):
    """The user whose data is to be changed, and the new data."""

    cloud_user_id: fields.KeystoneId
    """The id of a managed user."""
    new_data: NewData


class UserChange(ForCloud):
    """POST /change_user_details (UI v1.0.0 to v1.1.0) and PATCH /user (v1.2.0 and later)."""

    user_info: ChangedUser


class UserInfo(Model, since="v1.0.0"):
    """The ids of the user to remove, and of their project. Each is null where the UI never had one."""

    cloud_user_id: fields.OptionalId
    """The id of a managed user. One that does not exist counts as removed."""
    project_id: fields.OptionalId = None
    """The id of that user's project. Without a user's id, it is that of any managed project. One that does not exist
    counts as removed."""


class UserRemoval(ForCloud):
    """DELETE /delete_user (UI v1.0.0 to v1.1.0) and DELETE /user (v1.2.0 and later, without a project)."""

    user_info: UserInfo
