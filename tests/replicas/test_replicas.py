"""Tests that no sign-up is lost or doubled while replicas behind HAProxy are killed, stopped and cut off."""

import pytest

from tests.replicas.account import Account
from tests.replicas.course import CUT_OFF, KILLED, PEOPLE, STOPPED, Failure
from tests.replicas.haproxy import DOWN, UP
from tests.security.canaries import hits

# The course takes less than 90 seconds, and longer on a busy machine. It belongs to the first test that runs.
pytestmark = pytest.mark.timeout(600)
SIGKILL = -9
# The statuses of a success, and of what a repeat finishes.
PROMISED = {"201", "502", "503", "504"}


def failed(account: Account, what: str) -> Failure:
    """Returns the failure of the replica that was killed, stopped or cut off."""
    [one] = [one for one in account.failures if one.what == what]
    return one


def test_every_answer_is_an_object_that_succeeds_or_can_be_repeated(account: Account) -> None:
    """Nobody is refused, no bug shows, and each answer, HAProxy's own included, is one that the UI can read."""
    assert {str(one.status) for one in account.attempts if one.status} <= PROMISED
    assert [one for one in account.attempts if one.status and one.body is None] == []


def test_a_success_is_so_at_that_moment(account: Account) -> None:
    """Whenever a 201 came, the cloud had the user, the project and all grants, with the ids that the answer gave."""
    assert [one for one in account.attempts if one.untrue] == []


def test_every_job_of_the_ui_ends_with_a_success(account: Account) -> None:
    """Repeats finish what has failed, and so nobody gives up."""
    assert [one.login for one in account.people if not account.finished(one.login)] == []


def test_all_successes_of_a_person_say_the_same(account: Account) -> None:
    """Two requests for one person that overlap are answered with the same ids, and so are repeats."""
    for person in account.people:
        said = [one.body for one in account.attempts if one.login == person.login and one.status == 201]
        assert said == [said[0]] * person.jobs


def test_nothing_is_lost(account: Account) -> None:
    """In the end everybody has all that a sign-up makes, their password opens it, and nothing changes any more."""
    assert account.lacks == {}
    assert not account.moved


@pytest.mark.parametrize("kind", ["users", "projects"])
def test_nothing_is_doubled(account: Account, kind: str) -> None:
    """Keystone has as many more users and projects as people have signed up, and no other one under any name."""
    assert account.added(kind) == account.expected(kind)
    assert account.added(kind).total() == PEOPLE


def test_nothing_else_is_touched(account: Account) -> None:
    """All that was there before is there, and is as it was."""
    for before, now in ((account.before.users, account.now.users), (account.before.projects, account.now.projects)):
        assert {key: now.get(key) for key in before} == before
    assert account.before.grants <= account.now.grants


def test_two_requests_for_one_person_have_overlapped(account: Account) -> None:
    """The people who were signed up twice at the same moment were so indeed, or nothing would have been tried."""
    assert account.overlapped() == [one for one in account.people if one.jobs > 1]


def test_every_replica_has_served(account: Account) -> None:
    """Each replica has signed people up, also after it had failed."""
    last = max((one.up for one in account.failures), default=0)
    served = {account.source(one) for one in account.attempts if one.status == 201 and one.began > last}
    assert served == {*account.served}


def test_a_killed_replica_answers_nothing_of_what_it_was_doing(account: Account) -> None:
    """What a replica was changing when it was killed has no answer of its own, so another one had to finish it."""
    failure = failed(account, KILLED)
    assert failure.code == SIGKILL
    assert {*account.ends(failure)} == {""}
    assert not {one.request_id for one in account.attempts} & {*failure.caught}


def test_a_stopped_replica_answers_what_it_was_doing(account: Account) -> None:
    """A replica that is told to stop answers all that it was changing, and ends with the exit code 0."""
    failure = failed(account, STOPPED)
    assert failure.code == 0
    assert {*account.ends(failure)} <= PROMISED


def test_a_replica_that_is_cut_off_gives_up_what_it_was_doing(account: Account) -> None:
    """A replica whose calls to Keystone vanish answers at its deadline all that it was changing."""
    if account.not_tested:
        pytest.skip(account.not_tested)
    assert {*account.ends(failed(account, CUT_OFF))} <= PROMISED


def test_readiness_goes_and_comes(account: Account) -> None:
    """HAProxy sees each replica ready until it fails, not ready before it is back, and ready again afterwards."""
    for one in account.failures:
        moments = (one.at, one.over, one.up)
        assert [account.state(one.replica, moment) for moment in moments] == [UP, DOWN, UP]


def test_no_process_has_written_a_secret_or_a_traceback(account: Account) -> None:
    """Neither passwords nor tokens are in what the replicas and HAProxy have written, and no bug is."""
    assert hits([*account.secrets, b"Traceback", b" [CRITICAL] "], account.written.values()) == []
    assert all(account.written[name] for name in account.served)
