"""The settings that hold further settings."""

from pydantic import BaseModel, ConfigDict

from lib.settings import values


class Section(BaseModel):
    """A group of settings. A key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class StandingGrant(Section):
    """Roles that an account of the site gets on every project made."""

    username: values.Name
    roles: values.OneRoleOrMore
    user_domain_name: values.Name | None = None
    """The account's domain. Without it, that is the domain of `cloud_env`'s user."""


class LegacyNames(Section):
    """The names that releases of the older service gave. What it made has no marks and is recognised by its name."""

    user_name: values.LegacyTemplates = ("concertim_{username}", "CM_{username}")
    project_name: values.LegacyTemplates = ("concertim_{username}_project", "CM_{username}_proj")
    team_name: values.LegacyTeamTemplates = ("CM_{name}",)


class TeamRoles(Section):
    """The Keystone role of each role in a Concertim team."""

    admin: values.Name = "member"
    """Whoever administers a team in Concertim needs no Keystone `admin`, which would be cloud administrator."""
    member: values.Name = "member"
