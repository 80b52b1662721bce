"""The promise holds in every order of calls; without any part of the protocol it does not, and the model shows how."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.model.explore import Untrue, explore
from tests.model.world import YOUNG, Keystone, Request, Rules, User

# A half-made user has no role; "a" is the right password of the first request, of nobody else.
NOTHING = Keystone()
HALF_MADE = Keystone(User(1, "a", "earlier"), made=1)
OF_A_THIRD = Keystone(User(1, "z", "earlier"), made=1)
ALL_BUT_GRANTS = Keystone(User(1, "a", "earlier", default=True), project=True, made=1)

GIVEN_UP = User(1, "a", "G", claim=YOUNG)

A, B, C = (Request(name.upper(), name) for name in "abc")
REFUSED = Request("R", "a", refused=True)
BY_ID = Request("I", "none of these", known=1, next="read user")
POST_USER = Request("U", "a", only_user=True)
Explored = Callable[[int], int]


class Start(NamedTuple):
    """What Keystone holds, and who meets there."""

    keystone: Keystone
    requests: tuple[Request, ...]


STARTS = {
    "two sign-ups": Start(NOTHING, (A, B)),
    "a holder and a taker": Start(HALF_MADE, (A, B)),
    "two takers": Start(OF_A_THIRD, (A, B)),
    "a holder with a default project and a taker": Start(ALL_BUT_GRANTS, (A, B)),
    "one that is taken back and a holder": Start(HALF_MADE, (REFUSED, A)),
    "one that is taken back and a taker": Start(HALF_MADE, (REFUSED, B)),
    "two sign-ups, one taken back": Start(NOTHING, (REFUSED, B)),
    "one by id and a taker": Start(HALF_MADE, (BY_ID, B)),
    "one by id and one that is taken back": Start(HALF_MADE, (BY_ID, REFUSED)),
    "POST /user and one that is taken back": Start(HALF_MADE, (POST_USER, REFUSED)),
    "POST /user and a taker": Start(HALF_MADE, (POST_USER, B)),
}
CROWDS = {
    "a holder and two takers": Start(HALF_MADE, (A, B, C)),
    "a holder, a taker, and one that is taken back": Start(HALF_MADE, (A, B, REFUSED)),
    # A holder that is dead by now has set the default project between what G has read and where it has looked.
    "a holder, a taker, and one that gives up": Start(
        Keystone(GIVEN_UP._replace(default=True), project=True, made=1),
        (A, C, Request("G", "b", next="unclaim", seen=GIVEN_UP)),
    ),
}


# Each part of the protocol, and where its absence shows: the start, deaths, lost answers.
HOLES = {
    "heeds_claims": ("a holder and a taker", 0, 0),
    "heeds_claims_by_id": ("one by id and one that is taken back", 0, 0),
    "reads_again": ("two takers", 0, 0),
    "gives_up_late": ("two takers", 0, 0),
    "waits": ("two sign-ups", 0, 0),
    "looks": ("two sign-ups", 0, 0),
    "takes_claim_off": ("two sign-ups", 0, 0),
    "unclaims": ("two sign-ups", 0, 0),
    "holder_compares": ("two sign-ups", 0, 0),
    "holder_looks": ("two sign-ups", 0, 0),
    "reports_finished": ("POST /user and one that is taken back", 0, 0),
    "dates_tries": ("two takers", 0, 1),
    "heeds_take_overs": ("a holder and a taker", 0, 1),
    "unclaims_once": ("a holder, a taker, and one that gives up", 0, 1),
    "old_after_all": ("a holder and two takers", 1, 0),
}


@pytest.mark.parametrize("name", STARTS)
def test_of_two_requests_neither_is_told_what_the_other_makes_untrue(name: str, explored: Explored) -> None:
    """Though one of them dies and one loses an answer, whatever Keystone executes late; and a repeat finishes."""
    assert explored(explore(*STARTS[name], Rules(), deaths=1, lost=1)) > 1500


@pytest.mark.parametrize("name", STARTS)
def test_both_of_two_requests_may_die(name: str, explored: Explored) -> None:
    """And leave calls behind that Keystone executes late."""
    assert explored(explore(*STARTS[name], Rules(), deaths=2)) > 200


@pytest.mark.parametrize("name", CROWDS)
def test_nor_is_any_of_three_requests_of_which_one_may_die(name: str, explored: Explored) -> None:
    """In every order of calls, those included that it leaves behind."""
    assert explored(explore(*CROWDS[name], Rules(), deaths=1)) > 1500


@pytest.mark.parametrize("rule", Rules._fields)
def test_without_any_part_of_the_protocol_the_model_finds_the_hole(rule: str) -> None:
    """So it would find one that is there. The last of them is what the protocol relies on, and cannot bring about."""
    name, deaths, lost = HOLES[rule]
    with pytest.raises(Untrue, match=r"was told 201|repeats are told") as found:
        explore(*(STARTS | CROWDS)[name], Rules()._replace(**{rule: False}), deaths, lost)
    # The way that leads there is told call by call.
    assert str(found.value).count("\n") > 5
