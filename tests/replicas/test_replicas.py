"""Tests that no sign-up is lost or doubled while replicas behind HAProxy are killed, stopped and cut off."""

import pytest

from tests.replicas.account import HAPROXY, NOBODY, Account
from tests.replicas.course import PEOPLE, Failure
from tests.replicas.haproxy import DOWN, UP
from tests.security.canaries import hits

# The course takes less than 90 seconds, and longer on a busy machine. It belongs to the first test that runs.
pytestmark = pytest.mark.timeout(600)
SIGKILL = -9


def failed(account: Account, what: str) -> Failure:
    """Returns the failure of the replica that was killed, stopped or cut off."""
    [one] = [one for one in account.failures if one.what == what]
    return one


def test_every_answer_is_an_object_that_succeeds_or_can_be_repeated(account: Account) -> None:
    """Nobody is refused, no bug shows, and each answer, HAProxy's own included, is one that the UI can read."""
    assert {one.status for one in account.attempts} <= {201, 502, 503, 504, None}
    assert [one for one in account.attempts if one.status and one.body is None] == []


def test_a_success_is_so_at_that_moment(account: Account) -> None:
    """Whenever a 201 came, the cloud had one user, one project, all grants and the password, with the ids it said."""
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
    """In the end everybody has all that a sign-up makes, and nothing changes it any more."""
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


def test_what_a_killed_replica_was_doing_is_answered_by_nobody(account: Account) -> None:
    """The requests that a replica was serving when it was killed are lost, or HAProxy answers 502."""
    failure = failed(account, "killed")
    assert failure.code == SIGKILL
    ends = {one.login: (account.source(one), one.status) for one in account.in_flight(failure)}
    assert {ends[login] for login in failure.caught.values()} <= {(HAPROXY, 502), (NOBODY, None)}


def test_a_stopped_replica_answers_what_it_was_doing(account: Account) -> None:
    """A replica that is told to stop answers its requests with a success or with 503, and ends with the exit code 0."""
    failure = failed(account, "stopped")
    assert failure.code == 0
    ends = {one.request_id: one.status for one in account.attempts if one.request_id in failure.caught}
    assert ends.keys() == {*failure.caught}
    assert {*ends.values()} <= {201, 503}


def test_a_replica_that_is_cut_off_says_so_before_the_ui_stops_waiting(account: Account) -> None:
    """A replica whose calls to Keystone vanish gives them up at its deadline, and answers so that the UI repeats."""
    if account.not_tested:
        pytest.skip(account.not_tested)
    failure = failed(account, "cut off")
    ends = {one.request_id: one.status for one in account.attempts if one.request_id in failure.caught}
    assert ends.keys() == {*failure.caught}
    assert {*ends.values()} <= {502, 503, 504}


def test_readiness_goes_and_comes(account: Account) -> None:
    """HAProxy sees each replica that fails go after it has failed, and come after it is back, and no other change."""
    failures = {one.replica: one for one in account.failures}
    for replica in account.served:
        seen = [one for one in account.changes if one.server == replica]
        assert [one.state for one in seen] == ([UP, DOWN, UP] if replica in failures else [UP])
        if failure := failures.get(replica):
            assert seen[0].at < failure.at < seen[1].at <= failure.over < seen[2].at


def test_no_process_has_written_a_secret_or_a_traceback(account: Account) -> None:
    """Neither passwords nor tokens are in what the replicas and HAProxy have written, and no bug is."""
    assert hits([*account.secrets, b"Traceback", b" [CRITICAL] "], account.written.values()) == []
    assert all(account.written[name] for name in account.served)
