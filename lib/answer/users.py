"""What answers about users hold, as every release of the Concertim UI reads them."""

from typing import Literal

from pydantic import ConfigDict

from lib.answer.body import Body
from lib.request.fields import Login, PlainId, Text


class SignedUp(Body):
    """The user and the project of a login.

    UI v1.0.0 to v1.1.0 read `billing_account_id`, and v0.2.2 and v0.2.3 read `billing_acct_id`. Both are left out where
    the setting `billing_keys` is off.
    """

    # The billing keys may be left out.
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    project_id: PlainId
    user_id: PlainId
    username: Login
    billing_account_id: Text | None = None
    billing_acct_id: Text | None = None


class UserCreated(Body):
    """The user of a login."""

    success: Literal[True] = True
    username: Login
    user_cloud_id: PlainId
