"""What Concertim's other services look for in the cloud, and what the settings of a site make of it."""

from collections.abc import Iterator
from dataclasses import fields

from lib.settings.releases import BY_NAME, NAME_PREFIX, WATCHER, Preset
from lib.settings.sections import StandingGrant
from lib.settings.settings import Settings

# How they are told apart: by when they began to look for projects in another way.
TO_V1_1, FROM_V1_2 = "Concertim services of v0.1.2 to v1.1", "Concertim services of v1.2 and later"


def told_preset(ours: Settings) -> str:
    """Returns what the preset of the site's release sets, where the site has not said otherwise. It may be nothing."""
    if ours.ui_release is None:
        return ""
    names = [field.name for field in fields(Preset) if field.name not in ours.model_fields_set]
    values = (f"{name}: {_told(getattr(ours, name))}" for name in names)
    return f"ui_release {ours.ui_release} sets {'; '.join(values) or 'nothing, as the settings have all of it'}"


def _told(value: str | tuple[StandingGrant, ...]) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(f"{' and '.join(one.roles)} for {one.username}" for one in value)


def may_run_here(ours: Settings, services: str) -> bool:
    """Whether these services may be those of the site. Without the setting ui_release, any may."""
    return ours.ui_release is None or (ours.ui_release == BY_NAME) == (services == FROM_V1_2)


def settings_without_prefix(ours: Settings) -> list[str]:
    """Returns the settings for names by which services of v1.2 and later show no cluster."""
    templates = {"user_name": ours.user_name, "project_name": ours.project_name, "team_name": ours.team_name}
    return [name for name, template in templates.items() if NAME_PREFIX not in template]


def is_granted(ours: Settings, grant: tuple[str, str]) -> bool:
    """Whether each project has this (account, role) as a standing grant."""
    return any(one.username == grant[0] and grant[1] in one.roles for one in ours.standing_grants)


def what_hides_clusters(ours: Settings) -> Iterator[str]:
    """Says why other services of the site show no cluster of what is created with these settings."""
    names = settings_without_prefix(ours)
    if names and may_run_here(ours, FROM_V1_2):
        remedy = "leave these settings out" if ours.ui_release else "set ui_release to the release of the Concertim UI"
        yield (
            f"{FROM_V1_2} show no cluster of what is created with these settings: {', '.join(names)} without"
            f" {NAME_PREFIX}. Before anybody signs up, {remedy}"
        )
    if not is_granted(ours, WATCHER):
        account, role = WATCHER
        yield (
            "Concertim's other services show no cluster of what is created with these settings: the role"
            f" {role} for {account} is not in standing_grants"
        )
