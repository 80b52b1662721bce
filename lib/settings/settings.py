"""Every setting with its default: `log_level` and the section `user_handler` of Concertim's config.yaml."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from lib.request.urls import is_under_any
from lib.settings import values
from lib.settings.releases import preset_in
from lib.settings.sections import LegacyNames, Section, StandingGrant, TeamRoles

MOST_CONCURRENT_REQUESTS = 100


def _preset(name: str) -> Any:
    """Lets the preset of the site's release have the default of this setting."""
    return Field(default_factory=lambda data: getattr(preset_in(data), name))


class Settings(Section):
    """Every setting with its default. config.sample.yaml explains each."""

    log_level: values.LogLevel = "INFO"

    log_file: Annotated[Path, Field(strict=False)] = Path("/var/log/concertim-openstack-service/user-handler.log")
    log_format: values.LogFormat = "line"

    metrics_listen: values.HostAndPort | None = None
    """Where Prometheus can read metrics. Without it, nothing is counted."""

    ui_release: values.Release | None = None
    """The release of the Concertim UI that the site has. Names and standing grants default to what it expects."""
    user_name: values.Template = _preset("user_name")
    project_name: values.Template = _preset("project_name")
    team_name: values.TeamTemplate = _preset("team_name")
    legacy_templates: LegacyNames = LegacyNames()

    user_domain: values.Name | None = None
    """The domain of Concertim's users. Without it, that is the domain of `cloud_env`'s user."""
    project_domain: values.Name | None = None
    """The domain of Concertim's projects. Without it, that is the domain of `cloud_env`'s project."""
    user_options: values.UserOptions = ()
    """Keystone's options of a user that are switched on for every user whose password this service sets."""
    max_password_bytes: Annotated[int, Field(ge=6, le=1024)] | None = None
    """The longest password in UTF-8. Without it, Keystone's own limit holds, or it uses the first bytes alone."""

    user_roles: values.RolesOfUsers = ("member",)
    """There must be one: a user without any role counts as one whose sign-up was never finished."""
    cloud_env_roles: values.Roles = ("admin",)
    standing_grants: Annotated[tuple[StandingGrant, ...], Field(strict=False)] = _preset("standing_grants")
    team_roles: TeamRoles = TeamRoles()
    billing_keys: bool = True

    deadline: Annotated[float, Field(gt=0, le=3600)] = 50
    """Seconds that one request may take: fewer than the 60 after which the UI (v1.0.0 and later) stops waiting."""
    max_concurrent_requests: Annotated[int, Field(ge=1, le=MOST_CONCURRENT_REQUESTS)] = 16
    """The UI sends up to five in parallel. Its oldest releases repeat after 5 s what is still being served."""
    stop_grace: Annotated[float, Field(ge=1, le=3600)] = 8
    """Seconds that requests in flight have when the service is told to stop. `docker stop` waits 10."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = 64 * 1024

    jwt_secret: SecretStr | None = None
    """What callers' tokens are signed with. It comes from the environment or a file of its own, not the config file."""
    jwt_secret_previous: SecretStr | None = None
    """Another secret that tokens may still be signed with, while callers are given the new one."""
    jwt_secret_file: values.SecretFile | None = None
    jwt_secret_previous_file: values.SecretFile | None = None
    jwt_lifetime: Annotated[float, Field(ge=60, le=86400)] = 300
    """Seconds that a token may be valid. The UI's own are valid for 60, and those that it gives to users for a day."""

    allowed_auth_urls: values.Urls | None = None
    """The only Keystones that may be asked. Without it, any that `cloud_env` names may be."""
    contract_pages: bool = True
    """Whether `GET /openapi.json` and `GET /docs` tell everybody how the service is called."""
    readiness_auth_url: values.KeystoneUrl | None = None
    """The Keystone that must answer before `GET /readyz` does. Without it, that tells of this service alone."""
    cacert: values.Certificates | None = None
    """The certificate bundle that https Keystones are verified with. Without it, certifi's is used."""
    insecure: bool = False
    """Whether https Keystones are not verified at all."""

    @field_validator("readiness_auth_url")
    @classmethod
    def _allowed(cls, value: str | None, info: ValidationInfo) -> str | None:
        allowed = info.data.get("allowed_auth_urls")
        if value and allowed is not None and not is_under_any(value, allowed):
            raise ValueError("must be under one of the URLs in allowed_auth_urls")
        return value

    @field_validator("insecure")
    @classmethod
    def _not_beside_certificates(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("cacert"):
            raise ValueError("must not be true beside cacert: certificates are either verified or not")
        return value
