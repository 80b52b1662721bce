"""Makes docs/mapping.png: the page of users and projects, with invented people, as a browser shows it.

It needs what `make page` installs: .venv/bin/python -m tools.picture_of_mapping
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from lib.command_line.mapping_page import write_page
from tests.support.browser import browser
from tests.support.mapping import answer, person, team
from tests.support.service import ROOT

PICTURE = ROOT / "docs" / "mapping.png"
SIZE = {"width": 1600, "height": 860}
ELSEWHERE = "project 1c1d6d9e2f3b4a5c8d7e6f5a4b3c2d1e"
HOLDS_ADMIN = (
    "holds_admin",
    f"The user holds the role admin on {ELSEWHERE}: a cloud administrator on a stock Keystone.",
)
OLDER = ("unmarked", "The user has no mark: the older service made it, or somebody by hand.")
HALF_MADE = ("half_made", "The sign-up was begun at 2026-11-27T09:12:40+00:00 and not finished.")
NO_PROJECT = ("no_project", "There is a user and no project of this login.")
UNKNOWN = dict.fromkeys(["user_created", "user_request_id", "project_created", "project_request_id"])
NO_PARTS = dict.fromkeys(
    ["project_id", "project_name", "project_enabled", "project_created", "project_request_id", "grants"]
)
BODY = answer(
    person("ann", full_name="Ann Achebe"),
    person("bob", HALF_MADE, NO_PROJECT, full_name="Bob Brandt", user_created="2026-11-27T09:12:40+00:00", **NO_PARTS),
    person(
        "carla",
        full_name="Carla Çelik",
        elsewhere=[{"role": "member", "scope": "project 90ab7c3f5e1d4b2a8c6f0e9d7b5a3c1f"}],
    ),
    person(
        "dan",
        HOLDS_ADMIN,
        OLDER,
        full_name="Dan Dubois",
        elsewhere=[{"role": "admin", "scope": ELSEWHERE}],
        **UNKNOWN,
    ),
    person("eve", ("disabled", "The user is disabled."), full_name="Eve Eriksson", user_enabled=False),
    person("farid", full_name="Farid Farouk"),
    team("physics"),
)


def main() -> None:
    """Writes the picture."""
    with TemporaryDirectory() as folder, browser() as page:
        path = Path(folder) / "page.html"
        with path.open("wb") as out:
            write_page(BODY, "https://keystone.example:5000/v3", out)
        page.do("open", viewport=SIZE, color_scheme="light")
        page.do("goto", path.as_uri())
        page.do("screenshot", path=str(PICTURE))
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
