"""What answers about teams hold, as the Concertim UI reads them from v1.2.0 on."""

from lib.answer.body import Body
from lib.request.fields import PlainId, Text


class TeamCreated(Body):
    """The project of a team, and the billing account that was sent, or else the project's id."""

    project_id: PlainId
    billing_acct_id: Text
