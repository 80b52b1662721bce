"""DELETE /team_role: a user's membership of a team ends."""

from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.delete_team_role import delete_team_role
from tests.support.answers import done
from tests.support.keystone import Keystone


def test_a_membership_that_ended_leaves_no_role(cloud: Keystone, login: str) -> None:
    """The user loses every role on the team's project and stays, and to end the membership again is no error."""
    env = {"cloud_env": cloud.cloud_env()}
    _, user = create_user(env | {"username": login, "password": "correct-horse"})
    _, team = create_team(env | {"name": login})
    assert isinstance(user, dict)
    assert isinstance(team, dict)
    ids = {"user_id": user["user_cloud_id"], "project_id": team["project_id"]}
    request = env | {"team_role": ids | {"role": "member"}}
    assert create_team_role(request) == done()
    assert [delete_team_role(request), delete_team_role(request)] == [done(), done()]
    assert cloud.admin.role_assignments.list(user=ids["user_id"]) == []
    assert cloud.admin.users.get(ids["user_id"]).name == f"concertim_{login}"
