"""Tests of the setting ui_release: what it accepts, what it sets, and what the start says of it."""

import pytest

from lib import settings
from lib.serving.startup import to_tell
from lib.settings.loading import parse
from lib.settings.releases import PRESETS
from lib.settings.values import RELEASES
from tests.support.fixtures import SettingsFile

SIGNED = "user_name: CM_{username}; project_name: CM_{username}_proj; team_name: CM_{name}"
RATED = "rating for cloudkitty"
SIGNED_SETTINGS = "user_name: 'CM_{username}', project_name: 'CM_{username}_proj', team_name: 'CM_{name}'"
BY_NAME = "Concertim services of v1.2 and later show no cluster of what is created with these settings:"
ALL_LACK = f"{BY_NAME} user_name, project_name, team_name without CM_. Before anybody signs up,"
UNWATCHED = (
    "Concertim's other services show no cluster of what is created with these settings: the role watcher for concertim"
    " is not in standing_grants"
)


def test_every_release_has_a_preset() -> None:
    """A release that the setting accepts has names and grants."""
    assert [*PRESETS] == [None, *RELEASES]


@pytest.mark.parametrize(
    ("typed", "release"),
    [
        ("v1.2", "v1.2"),
        ("v1.2.0", "v1.2"),
        ("1.2", "v1.2"),
        ("'1.2.0'", "v1.2"),
        ("V0.2.2", "v0.2.3"),
        ("1.0", "v1.0"),
        ("0.2.0", "v0.2.1"),
    ],
)
def test_a_release_is_read_as_it_is_typed(typed: str, release: str) -> None:
    """The third number makes no difference to names and grants."""
    ours, problems = parse(f"user_handler: {{ui_release: {typed}}}")
    assert (ours and ours.ui_release, problems) == (release, [])


@pytest.mark.parametrize(
    "typed", ["v1.3", "v0.2", "main", "July 2023", "2", "yes", "[v1.2]", "v1.2.0.1", "''", "2023-07-10"]
)
def test_another_release_is_refused_with_those_that_there_are(typed: str) -> None:
    """A release that is not known must not silently mean the names of July 2023."""
    told = "must be one of v0.2.1, v0.2.3, v1.0, v1.1, v1.2: the last for later releases, the first for July 2023"
    assert parse(f"user_handler: {{ui_release: {typed}}}") == (None, [f"line 1: user_handler.ui_release: {told}"])


def test_a_mistake_elsewhere_is_told_alone() -> None:
    """The settings that a release sets are no further mistakes then."""
    told = ["line 1: user_handler.deadline: Input should be a valid number"]
    assert parse("user_handler: {deadline: soon, ui_release: v1.2}") == (None, told)


def sets(release: str, what: str) -> tuple[str, str]:
    """Returns what the start says of a release."""
    return "INFO", f"ui_release {release} sets {what}"


def hidden(why: str) -> tuple[str, str]:
    """Returns a warning of the start."""
    return "WARNING", why


SET_RELEASE = hidden(f"{ALL_LACK} set ui_release to the release of the Concertim UI")
EARLIEST = "user_name: concertim_{username}; project_name: concertim_{username}_project; team_name: concertim_{name}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", [SET_RELEASE]),
        (SIGNED_SETTINGS, []),
        ("standing_grants: []", [SET_RELEASE, hidden(UNWATCHED)]),
        ("ui_release: v0.2.1", [sets("v0.2.1", f"{EARLIEST}; standing_grants: watcher and member for concertim")]),
        ("ui_release: v1.1", [sets("v1.1", f"{SIGNED}; standing_grants: watcher and member for concertim, {RATED}")]),
        ("ui_release: v1.2", [sets("v1.2", f"{SIGNED}; standing_grants: watcher for concertim, {RATED}")]),
        (
            "ui_release: v1.2, standing_grants: [], team_name: 't_{name}'",
            [
                sets("v1.2", "user_name: CM_{username}; project_name: CM_{username}_proj"),
                hidden(f"{BY_NAME} team_name without CM_. Before anybody signs up, leave these settings out"),
                hidden(UNWATCHED),
            ],
        ),
        (
            f"ui_release: v1.2, {SIGNED_SETTINGS}, standing_grants: [{{username: concertim, roles: [watcher]}}]",
            [sets("v1.2", "nothing, as the settings have all of it")],
        ),
    ],
)
def test_the_start_tells_what_the_release_sets_and_what_hides_clusters(
    settings_file: SettingsFile, text: str, told: list[tuple[str, str]]
) -> None:
    """An operator sees in the log which names and roles are in force, and whether a cluster will ever show."""
    settings_file(f"user_handler: {{{text}}}")
    lines = [*to_tell(settings.current())]
    assert [one for one in lines if one[1].startswith("ui_release ") or "show no cluster" in one[1]] == told
