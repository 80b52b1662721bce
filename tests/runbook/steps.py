"""The commands of a section of docs/runbook.md in their order, and what happens at the site meanwhile."""

from typing import Any

from tests.runbook.shell import Operator
from tests.support.keystone import Keystone
from tests.support.pages import text_of
from tests.support.runbook import PAGE, blocks_of
from tests.support.service import post

LONG_AGO = "2026-03-01T09:30:00+00:00"


class Steps:
    """The blocks of one section of the page. Leaving the context asserts that each of them was run."""

    def __init__(self, operator: Operator, heading: str) -> None:
        self._operator = operator
        self._left = blocks_of(text_of(PAGE), heading)
        assert self._left, f"{PAGE} has no commands under {heading}"

    def __enter__(self) -> "Steps":
        """Returns the steps."""
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        """Asserts that no block is left, unless the test has failed before."""
        assert failed or not self._left, f"this test does not run:\n{''.join(self._left)}"

    def block(self) -> str:
        """Returns the next block, which is still to be run."""
        return self._left[0]

    def paste(self, code: int = 0, typed: str = "", **instead: str) -> str:
        """Runs the next block, and returns what it wrote.

        `instead` has what an operator writes in place of an example: `backup="2026-01-31"` in place of BACKUP, for
        instance.
        """
        block = self._left.pop(0)
        for example, meant in instead.items():
            assert example.upper() in block, f"{example.upper()} is not in:\n{block}"
            block = block.replace(example.upper(), meant)
        return self._operator.paste(block, code, typed)


def ids_of(operator: Operator, login: str) -> dict[str, Any]:
    """Returns the ids of the user and the project of this login."""
    admin = operator.cloud.admin
    [user] = admin.users.list(name=f"concertim_{login}")
    [project] = admin.projects.list(name=f"concertim_{login}_project")
    return {"user_id": user.id, "project_id": project.id}


def remove_what_concertim_needs(cloud: Keystone) -> None:
    """Leaves the Keystone as its bootstrap does."""
    [concertim] = cloud.admin.users.list(name="concertim")
    [watcher] = cloud.admin.roles.list(name="watcher")
    cloud.admin.users.delete(concertim.id)
    cloud.admin.roles.delete(watcher.id)


def sign_up(operator: Operator, login: str, token: str = "", **fields: str) -> tuple[int, Any]:
    """Returns the answer to a sign-up that the UI sends."""
    request = {"cloud_env": operator.cloud.cloud_env(), "username": login, "password": "correct-horse", **fields}
    url = f"http://127.0.0.1:{operator.ports['service']}"
    return post(url, json=request, headers={"Authorization": f"Bearer {token}"} if token else {})


def aged(operator: Operator, login: str) -> None:
    """Lets what was made for this login be older than a sign-up can be at work."""
    admin = operator.cloud.admin
    for manager in (admin.users, admin.projects):
        for one in manager.list():
            if one.to_dict().get("concertim_name") == login:
                manager.update(one.id, concertim_created=LONG_AGO)
