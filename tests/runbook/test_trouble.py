"""What goes wrong at a site later: people with too many rights, locks, secrets, moves, and a Keystone that forgets."""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
from keystoneauth1.exceptions import Unauthorized

from tests.runbook.conftest import AtWork
from tests.runbook.shell import Operator
from tests.runbook.steps import Steps, aged, ids_of, sign_up
from tests.support.census import finished
from tests.support.keystone import ADMIN_PASSWORD, Keystone

PASSWORD = "correct-horse"
LOCKING = {"security_compliance": {"lockout_failure_attempts": "2", "lockout_duration": "86400"}}


def fail_to_log_in(cloud: Keystone, name: str) -> None:
    """Tries wrong passwords until Keystone locks the user."""
    for _ in range(3):
        with pytest.raises(Unauthorized):
            cloud.client(username=name, password="wrong", project_name="admin").session.get_token()


def test_people_who_hold_admin_are_seen_and_keep_the_role_of_the_settings(operator: Operator) -> None:
    """One has it on their own project alone, and one elsewhere, too."""
    for login in ("ann", "bob"):
        sign_up(operator, login)
        operator.paste(f"openstack role add --user concertim_{login} --project concertim_{login}_project admin")
        aged(operator, login)
    operator.paste("openstack role add --user concertim_bob --project admin admin")
    with Steps(operator, "People who are cloud administrators") as steps:
        seen = steps.paste()
        assert "concertim_ann@Default" in seen
        assert "concertim_bob@Default" in seen
        assert "person ann" in seen
        assert "Replace the role admin of the user" in seen
        assert "person ann" in steps.paste()
        assert "person bob" in steps.paste()
    held = operator.paste("openstack role assignment list --names --role admin")
    assert "concertim_ann@Default" not in held
    assert "concertim_bob@Default" not in held
    for login in ("ann", "bob"):
        finished(operator.cloud, login)


def test_a_locked_person_and_a_disabled_one_can_sign_up_again(operator_with: AtWork) -> None:
    """The same command helps both."""
    operator = operator_with(LOCKING)
    sign_up(operator, "ann")
    fail_to_log_in(operator.cloud, "concertim_ann")
    assert sign_up(operator, "ann")[0] == 409
    with Steps(operator, "A person cannot log in or sign up") as steps:
        seen = steps.paste()
        assert "code: name_taken" in seen
        assert "failed log-ins have locked it" in seen
        enable = steps.block()
        steps.paste()
    assert sign_up(operator, "ann") == finished(operator.cloud, "ann")
    operator.cloud.admin.users.update(ids_of(operator, "ann")["user_id"], enabled=False)
    assert sign_up(operator, "ann")[0] == 409
    operator.paste(enable)
    assert sign_up(operator, "ann") == finished(operator.cloud, "ann")


def test_the_account_of_the_ui_is_unlocked_by_one_that_is_made_on_keystones_host(operator_with: AtWork) -> None:
    """So nobody else has to be an administrator."""
    operator = operator_with(LOCKING)
    fail_to_log_in(operator.cloud, "admin")
    assert sign_up(operator, "ann")[0] == 403
    with Steps(operator, "The account of the UI is refused") as steps:
        seen = steps.paste(code=4)
        assert "code: cloud_env_refused" in seen
        assert "problem  credentials" in seen
        steps.paste(typed="rescue-password")
        operator.openrc("other-openrc.sh", username="rescue", password="rescue-password")
        steps.paste(typed=ADMIN_PASSWORD)
    # Keystone takes a token of the same second for one that it has revoked.
    time.sleep(1.05 - time.time() % 1)
    assert "Keystone accepts the password of cloud_env's account" in operator.paste("python handler.py check-cloud")
    assert sign_up(operator, "ann") == finished(operator.cloud, "ann")
    operator.paste("openstack user delete rescue")


def test_a_secret_that_differs_is_seen_and_a_lost_one_is_replaced(operator_with: AtWork, tmp_path: Path) -> None:
    """The UI gets the new one, and the old one is refused from then on."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("jwt-secret", "jwt-secret-previous"):
        (secrets / name).write_text("s" * 32)
    operator = operator_with(
        settings=f"jwt_secret_file: {secrets}/jwt-secret\njwt_secret_previous_file: {secrets}/jwt-secret-previous"
    )

    def asked_with(secret: str) -> int:
        token = jwt.encode({"exp": time.time() + 60}, secret, algorithm="HS256")
        return sign_up(operator, "ann", token)[0]

    (tmp_path / "ui" / "jwt_secret.env").write_text(f"JWT_SECRET={'u' * 32}\n")
    assert [asked_with("u" * 32), asked_with("s" * 32)] == [401, 201]
    with Steps(operator, "Tokens are refused") as steps:
        seen = steps.paste().splitlines()
        assert "token: not good" in seen[0]
        assert seen[1] != seen[2]
        steps.paste()
    new = (secrets / "jwt-secret").read_text().strip()
    operator.paste("until logs | grep SIGHUP; do sleep 0.1; done")
    assert [asked_with("s" * 32), asked_with(new)] == [401, 201]
    assert "token: good" in operator.paste("logs | tail -1")


def test_what_the_older_service_made_is_taken_over_and_nobody_is_half_made_on_the_way_back(operator: Operator) -> None:
    """There are more people than a repair changes at once by default."""
    people = [f"person-{number}" for number in range(12)]
    for login in people:
        as_the_older_service_does(operator.cloud, login)
    with Steps(operator, "Moving from the older service") as steps:
        seen = steps.paste()
        assert seen.count("holds_admin") == seen.count("Replace the role admin") == len(people)
        operator.paste("python handler.py repair --apply", code=4)
        assert steps.paste().count("Replace the role admin") == len(people)
        for login in people[:2]:
            assert sign_up(operator, login) == finished(operator.cloud, login)
        sign_up(operator, "ann")
        operator.cloud.admin.projects.delete(ids_of(operator, "ann")["project_id"])
        assert "ann" in operator.paste(steps.block())
        sign_up(operator, "ann")
        assert not steps.paste(code=1)


def as_the_older_service_does(cloud: Keystone, login: str) -> None:
    """Makes a user and a project as the older service did, without marks."""
    admin, domain = cloud.admin, cloud.default_domain_id()
    project = admin.projects.create(f"concertim_{login}_project", domain)
    user = admin.users.create(f"concertim_{login}", domain=domain, password=PASSWORD, default_project=project)
    roles = {role.name: role.id for role in admin.roles.list()}
    accounts = {one.name: one.id for one in admin.users.list()}
    for role, account in (("admin", user.id), ("watcher", "concertim"), ("member", "concertim"), ("admin", "admin")):
        admin.roles.grant(roles[role], user=accounts.get(account, account), project=project.id)


def test_a_keystone_that_has_moved_is_allowed_in_the_settings(operator: Operator) -> None:
    """The sign-up works as soon as the service has the new URL."""
    config = operator.folder / "config.yaml"
    good = config.read_text()
    config.write_text(good.replace(operator.cloud.auth_url, "http://192.0.2.1:5000/v3"))
    operator.paste("docker restart concertim-user-handler")
    assert sign_up(operator, "ann")[1]["error"] == "auth_url_not_allowed"
    config.write_text(good)
    with Steps(operator, "Keystone has moved, or was upgraded") as steps:
        steps.paste()
    assert sign_up(operator, "ann") == finished(operator.cloud, "ann")


def test_whom_a_restored_keystone_has_forgotten_is_found_by_the_list_and_by_the_log(operator: Operator) -> None:
    """Who was removed after the backup is there again, and is told apart."""
    database = operator.keystone_folder / "keystone.db"
    for login in ("ann", "cid"):
        sign_up(operator, login)
    shutil.copy(database, operator.folder / "backup.db")
    backup = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S,%f")
    sign_up(operator, "bob-with-a-long-login")
    gone, admin = ids_of(operator, "cid"), operator.cloud.admin
    admin.projects.delete(gone["project_id"])
    admin.users.delete(gone["user_id"])
    with Steps(operator, "Keystone was restored from a backup") as steps:
        steps.paste()
        operator.stop_keystone()
        shutil.copy(operator.folder / "backup.db", database)
        operator.start_keystone()
        told = [line[:5] for line in steps.paste(code=1).splitlines() if line[0] in "<>"]
        assert sorted(told) == ["< bob", "> cid"]
        assert steps.paste(backup=backup) == "login: bob-with-a-long-login\n"
        steps.paste()
    lost = {"cloud_user_id": "0" * 32, "project_id": "0" * 32}
    assert sign_up(operator, "bob-with-a-long-login", **lost) == finished(operator.cloud, "bob-with-a-long-login")
    assert operator.paste("logs | grep 'was created: no user of this cloud has the id'")
