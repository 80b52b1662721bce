"""The table in which `make replicas` shows what became of every request."""

from collections import Counter
from collections.abc import Iterator

from tests.replicas.account import HAPROXY, NOBODY, Account
from tests.replicas.course import CUT_OFF, Failure
from tests.security.canaries import hits

WIDTH = 22


def table(account: Account) -> Iterator[str]:
    """Yields the lines of the table."""
    yield _row("sign-ups", _sign_ups(account))
    yield from _answers(account)
    yield _row("repeats", _repeats(account))
    for failure in account.failures:
        yield from _failure(account, failure)
    if account.not_tested:
        yield _row(f"{[*account.served][-1]} {CUT_OFF}", f"NOT TESTED: {account.not_tested}")
    yield _row("readiness otherwise", f"{len(account.other_changes())} changes that no failure explains")
    for kind in ("users", "projects"):
        doubled = account.doubled(kind).total()
        lost = (account.expected(kind) - account.added(kind)).total()
        yield _row(kind, f"{account.added(kind).total()} made, lost {lost}, doubled {doubled}")
    untrue = sum(bool(one.untrue) for one in account.attempts)
    yield _row("untrue answers", f"{untrue} of {sum(one.status == 201 for one in account.attempts)} successes")
    yield _row("incomplete accounts", f"{len(account.lacks)} of {len(account.people)}, passwords tried")
    found = len(hits(account.secrets, account.written.values()))
    size = sum(map(len, account.written.values())) // 1024
    yield _row("secrets in logs", f"{found} of {len(account.secrets)} in {size} KiB")


def _row(name: str, told: str) -> str:
    return f"{name:{WIDTH}}{told}"


def _sign_ups(account: Account) -> str:
    twice = [one for one in account.people if one.jobs > 1]
    return (
        f"{len(account.people)} people, {len(twice)} of them twice at the same moment ({len(account.overlapped())}"
        f" overlapped), in {account.seconds:.0f} s"
    )


def _answers(account: Account) -> Iterator[str]:
    answers = account.answers()
    statuses = sorted({status for _, status in answers}, key=lambda status: status or 999)
    yield _row("answers", "".join(f"{status or 'lost':>6}" for status in statuses))
    for source in (*account.served, HAPROXY, NOBODY):
        counts = (answers[source, status] for status in statuses)
        yield _row(f"  {source}", "".join(f"{count or '-':>6}" for count in counts))


def _repeats(account: Account) -> str:
    jobs = Counter((one.login, one.job) for one in account.attempts)
    repeats = len(account.attempts) - len(jobs)
    return f"{repeats} besides {len(jobs)} first requests; the longest job made {max(jobs.values())} attempts"


def _failure(account: Account, failure: Failure) -> Iterator[str]:
    def after(moment: float) -> str:
        return f"{moment - account.began:.1f} s"

    ends = ", ".join(f"{number} x {status or 'nothing'}" for status, number in account.ends(failure).items())
    told = ", ".join(f"{number} x {_end(*one)}" for one, number in account.told(failure).items())
    logins = {*failure.caught.values()}
    done = sum(account.finished(login) for login in logins)
    name = f"{failure.replica} {failure.what}"
    yield _row(name, f"at {after(failure.at)} amid the changes of {len(failure.caught)} requests; it answered {ends}")
    yield _row("", f"the UI got {told}; {done} of these {len(logins)} people are signed up")
    if failure.what == CUT_OFF:
        yield _row("", f"{failure.unsent} connections still had something to send to Keystone when it was joined again")
    seen = [one for one in account.changes if one.server == failure.replica and failure.at < one.at <= failure.up]
    states = ", ".join(f"{one.state} at {after(one.at)}" for one in seen)
    yield _row("", f"back at {after(failure.over)}; HAProxy saw it {states}")


def _end(source: str, status: int | None) -> str:
    return f"{status} of {source}" if status else source
