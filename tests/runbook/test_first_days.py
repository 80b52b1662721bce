"""A cloud is prepared, the first sign-ups fail and are mended, and what was broken is found and repaired."""

import re
from pathlib import Path

from tests.runbook.conftest import AtWork
from tests.runbook.shell import Operator
from tests.runbook.steps import Steps, aged, ids_of, remove_what_concertim_needs, sign_up
from tests.support.census import census, finished

READY = "Sign-ups, changes and removals will work"


def remedies(said: str) -> list[str]:
    """Returns the commands below the problems that check-cloud has told."""
    return re.findall(r"^problem .*\n +(openstack .*)$", said, re.MULTILINE)


def test_a_bare_cloud_is_prepared_used_broken_and_repaired_from_the_page_alone(operator: Operator) -> None:
    """The commands are those of the page, and those that they tell to run."""
    cloud = operator.cloud
    remove_what_concertim_needs(cloud)
    assert sign_up(operator, "ann")[0] == 424
    with Steps(operator, "A sign-up fails") as failed, Steps(operator, "Preparing a cloud") as prepare:
        seen = failed.paste(code=1)
        assert " create_user_project 424 " in seen
        assert "code: cloud_not_prepared" in seen
        missing = remedies(failed.paste(code=4))
        assert remedies(prepare.paste(code=4)) == missing
        for command in missing:
            operator.paste(command, typed="concertim-password")
        assert READY in operator.paste("python handler.py check-cloud")
        before = census(cloud.admin)
        prepare.paste()
        assert census(cloud.admin) == before
    status, body = sign_up(operator, "ann")
    assert (status, body) == finished(cloud, "ann")
    operator.paste("openstack role remove --user concertim --project concertim_ann_project member")
    sign_up(operator, "bob")
    cloud.admin.projects.delete(ids_of(operator, "bob")["project_id"])
    with Steps(operator, "Half-made pairs") as steps:
        seen = steps.paste()
        assert re.search(r"^ann .* grant_missing$", seen, re.MULTILINE)
        assert re.search(r"^bob .* half_made, no_project$", seen, re.MULTILINE)
        assert seen.count("less than six hours ago") == 1
        # Whoever has lost the project looks like a sign-up that was not finished.
        assert seen.count("goes on with the user") == 1
        for login in ("ann", "bob"):
            aged(operator, login)
        assert steps.paste().count("Repaired: ") == 1
    assert cloud.admin.users.list(name="concertim_bob")
    operator.paste("python handler.py repair --apply --remove-half-made")
    assert not cloud.admin.users.list(name="concertim_bob")
    assert "0 with problems" in operator.paste("python handler.py list 2>&1")
    assert (status, body) == finished(cloud, "ann")


def test_the_commands_work_without_docker_too(operator: Operator) -> None:
    """The section for it defines the same two commands."""
    with Steps(operator, "Before you begin") as steps:
        steps.paste()
        operator.before = steps.block()
        steps.paste()
    assert READY in operator.paste("python handler.py check-cloud")
    assert " check_cloud 200 " in operator.paste("logs | tail -1")


def test_a_service_that_does_not_start_says_why(operator: Operator, tmp_path: Path) -> None:
    """The container has ended then, so only its output can be read."""
    operator.settings("no_such_setting: 1")
    operator.paste("docker restart concertim-user-handler")
    with Steps(operator, "The service does not answer") as steps:
        block = steps.block()
        said = steps.paste(code=7)
        assert "CRITICAL" in said
        assert "no_such_setting" in said
    operator.settings()
    operator.paste("docker start concertim-user-handler")
    assert '"ready"' in operator.paste(block)


def test_a_keystone_that_does_not_answer_is_told_from_one_that_refuses(operator: Operator) -> None:
    """Once it answers, the UI's own repeat finishes the sign-up."""
    operator.stop_keystone()
    assert sign_up(operator, "ann")[0] == 502
    with Steps(operator, "Keystone fails or is slow") as steps:
        seen = steps.paste(code=4)
    assert "code: keystone_failed" in seen
    assert re.search(r"^problem +reachable ", seen, re.MULTILINE)
    operator.start_keystone()
    assert READY in operator.paste("python handler.py check-cloud")
    assert sign_up(operator, "ann") == finished(operator.cloud, "ann")


def test_a_project_that_concertims_services_cannot_find_is_mended(operator_with: AtWork) -> None:
    """The role by which they find it is missing."""
    operator = operator_with()
    sign_up(operator, "ann")
    operator.paste("openstack role remove --user concertim --project concertim_ann_project watcher")
    with Steps(operator, "A cluster does not show") as steps:
        seen = steps.paste()
        assert "grant_missing" in seen
        assert "concertim_ann_project" not in seen
        assert re.search(r"^ok +services_to_v1_1 ", seen, re.MULTILINE)
        assert re.search(r"^warning +services_from_v1_2 ", seen, re.MULTILINE)
        steps.paste()
        assert "concertim_ann_project" in operator.paste(
            "openstack role assignment list --names --user concertim --role watcher"
        )
        settings = operator.folder / "config.yaml"
        settings.write_text(f"{settings.read_text()}  ui_release: v1.2\n")
        assert "project concertim_ann_project, user concertim_ann." in steps.paste(code=4)
        ids = ids_of(operator, "ann")
        steps.paste()
    assert re.search("^ok +names_in_use ", operator.paste("python handler.py check-cloud", code=4), re.MULTILINE)
    assert operator.cloud.admin.users.get(ids["user_id"]).name == "CM_ann"
    assert operator.cloud.admin.projects.get(ids["project_id"]).name == "CM_ann_proj"
