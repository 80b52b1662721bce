"""How a list goes on after each answer, and what is told of it in the end."""

from concurrent.futures import Future

import pytest

from lib.call import shutdown
from lib.command_line.outcome import FAILURES_IN_A_ROW, IN_PARALLEL, Outcome
from lib.endpoint import Answer
from lib.errors import BadRequest, CloudEnvRefused, KeystoneFailed, NameTaken, Problem, Unfinished, kinds
from tests.support.answers import done, error
from tests.support.pages import part_of, text_of

ROWS = 100
MEND = "4xx: nothing was changed for these rows. Their messages say what to mend."
REPEAT = "5xx, or not tried: run the same command again once the problem in the messages is solved."


def answer_of(kind: type[Problem]) -> Answer:
    """Returns how a problem of this kind is answered."""
    return error(kind.status, kind.code, "…")


def outcome_of(*answers: Answer, rows: int = ROWS) -> Outcome:
    """Returns what has come of a list of so many rows after these answers."""
    outcome = Outcome(rows)
    for row, answer in enumerate(answers, 2):
        outcome.note(row, answer)
    return outcome


def test_one_row_goes_alone_until_the_cloud_has_answered_one() -> None:
    """A bad request says nothing about the cloud, so the row after it goes alone, too."""
    assert outcome_of().width() == 1
    assert outcome_of(answer_of(BadRequest)).width() == 1
    assert outcome_of(answer_of(BadRequest), done()).width() == IN_PARALLEL
    assert outcome_of(answer_of(NameTaken)).width() == IN_PARALLEL


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind.concerns_cloud], ids=lambda kind: kind.__name__)
def test_what_every_other_row_would_meet_stops_the_list(kind: type[Problem]) -> None:
    """At once, or after ten in a row where it may pass by itself."""
    most = FAILURES_IN_A_ROW if kind.repeat_helps else 1
    before = [done(), *[answer_of(kind)] * (most - 1)]
    assert outcome_of(*before).width() == IN_PARALLEL
    assert outcome_of(*before, answer_of(kind)).width() == 0
    # A bad request in between does not matter, and a success does.
    assert outcome_of(*before, answer_of(BadRequest), answer_of(kind)).width() == 0
    if kind.repeat_helps:
        assert outcome_of(*before, done(), answer_of(kind)).width() == IN_PARALLEL


@pytest.mark.parametrize("kind", [kind for kind in kinds() if not kind.concerns_cloud], ids=lambda kind: kind.__name__)
def test_what_concerns_one_row_alone_stops_nothing(kind: type[Problem]) -> None:
    """However many rows in a row have it."""
    assert outcome_of(done(), *[answer_of(kind)] * (FAILURES_IN_A_ROW + 1)).width() == IN_PARALLEL


def test_the_reference_tells_what_stops_a_list() -> None:
    """It has the codes of what stops it at once, and of what stops it after ten rows."""
    page = part_of(text_of("docs/reference.md"), "Command line").replace("\n", " ")
    for repeat_helps, sentence in ((False, "stops at the first answer with"), (True, "ten in a row with")):
        told = page.partition(sentence)[2].partition(".")[0]
        codes = {kind.code for kind in kinds() if kind.concerns_cloud and kind.repeat_helps == repeat_helps}
        assert {*told.replace("`", "").replace(" or ", ", ").strip().split(", ")} == codes, sentence


def test_the_summary_counts_how_the_rows_ended_and_says_what_to_do() -> None:
    """Only what there is is told."""
    both = [answer_of(NameTaken), answer_of(Unfinished)]
    assert outcome_of(done(), rows=1).summary() == "1 row: 1 answered 201."
    assert outcome_of(done(), done(), answer_of(NameTaken), rows=3).summary().splitlines() == [
        "3 rows: 2 answered 201, 1 answered 409 name_taken.",
        MEND,
    ]
    assert outcome_of(done(), *both, rows=3).summary().splitlines() == [
        "3 rows: 1 answered 201, 1 answered 409 name_taken, 1 answered 503 unfinished.",
        MEND,
        REPEAT,
    ]


def test_the_summary_says_why_a_list_was_stopped_early() -> None:
    """The rest is counted as not tried. Where there is no rest, the list was not stopped."""
    many = [answer_of(KeystoneFailed)] * FAILURES_IN_A_ROW
    assert outcome_of(answer_of(CloudEnvRefused), rows=12).summary().splitlines() == [
        "12 rows: 1 answered 403 cloud_env_refused, 11 not tried.",
        "Stopped early: row 2 was answered 403 cloud_env_refused, and the others would be, too.",
        MEND,
        REPEAT,
    ]
    assert outcome_of(*many, rows=12).summary().splitlines() == [
        "12 rows: 10 answered 502 keystone_failed, 2 not tried.",
        "Stopped early: 10 rows in a row were answered 502 keystone_failed, and the others would be, too.",
        REPEAT,
    ]
    assert outcome_of(*many, rows=10).summary().splitlines() == ["10 rows: 10 answered 502 keystone_failed.", REPEAT]


def test_the_exit_code_is_that_of_the_worst_answer() -> None:
    """A list that was interrupted ends with 5, whatever the answers were."""
    assert outcome_of(done(), rows=1).exit_code() == 0
    assert outcome_of(done(), answer_of(NameTaken), done(), rows=3).exit_code() == 4
    assert outcome_of(answer_of(Unfinished), answer_of(NameTaken), rows=2).exit_code() == 5
    assert outcome_of(answer_of(CloudEnvRefused)).exit_code() == 4
    assert outcome_of(done()).exit_code() == 5


def test_no_more_rows_are_tried_once_the_process_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the first one."""
    stopped: Future[float] = Future()
    monkeypatch.setattr(shutdown, "begun", stopped)
    shutdown.begin(0)
    assert outcome_of().width() == outcome_of(done()).width() == 0
    assert (outcome_of().exit_code(), outcome_of(rows=2).summary().splitlines()) == (
        5,
        ["2 rows: 2 not tried.", REPEAT],
    )
