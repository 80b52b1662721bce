"""Tests that the promise holds in every order of calls, and that every part of the protocol is needed for it."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.model.explore import Untrue, explore
from tests.model.world import OLD, YOUNG, Keystone, Request, Rules, User

# A half-made user has no role; only the first request, whose password is "a", may know the right password.
NOTHING = Keystone()
HALF_MADE = Keystone(User(1, "a", "earlier"), made=1)
OF_A_THIRD = Keystone(User(1, "z", "earlier"), made=1)
ALL_BUT_GRANTS = Keystone(User(1, "a", "earlier", default=True), project=True, made=1)

GIVEN_UP = User(1, "a", "G", claim=YOUNG)

A, B, C = (Request(name.upper(), name) for name in "abc")
REFUSED = Request("R", "a", refused=True)
BY_ID = Request("I", "none of these", known=1, next="read user")
POST_USER = Request("U", "a", only_user=True)
TWICE_A, TWICE_B = A._replace(sets_twice=True), B._replace(sets_twice=True)
# Half-made by a create alone, and claimed by a request that has died since.
CREATED = Keystone(User(1, "", "earlier", claim=OLD), made=1)
Explored = Callable[[int], int]


class Start(NamedTuple):
    """What Keystone holds at first, and the requests that meet there."""

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
    "two sign-ups that set the password twice": Start(NOTHING, (TWICE_A, TWICE_B)),
    "two takers of what only a create has made": Start(CREATED, (TWICE_A, TWICE_B)),
    "a sign-up and POST /user that set the password twice": Start(
        NOTHING, (TWICE_B, POST_USER._replace(sets_twice=True))
    ),
    "two that set the password twice, one taken back": Start(NOTHING, (REFUSED._replace(sets_twice=True), TWICE_B)),
    # With one password, who is not refused may adopt a user who is about to be removed.
    "two takers of one password, one taken back": Start(OF_A_THIRD, (REFUSED, A)),
    "two that set one password twice, one taken back": Start(NOTHING, (REFUSED._replace(sets_twice=True), TWICE_A)),
    "two sign-ups of one password, one taken back": Start(NOTHING, (REFUSED, A)),
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


# For each part of the protocol, the start, deaths and lost answers with which its absence shows.
HOLES = {
    "creates_claimed": ("two sign-ups that set the password twice", 0, 0),
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
    "keeps_after_lost": ("two takers of one password, one taken back", 0, 1),
    "unclaims_once": ("a holder, a taker, and one that gives up", 0, 1),
    "old_after_all": ("a holder and two takers", 1, 0),
}


@pytest.mark.parametrize("name", STARTS)
def test_of_two_requests_neither_is_told_what_the_other_makes_untrue(name: str, explored: Explored) -> None:
    """Neither of two requests is told what the other makes untrue, and a repeat finishes.

    One of them may die, one may lose an answer, and Keystone may execute calls late.
    """
    assert explored(explore(*STARTS[name], Rules(), deaths=1, lost=1)) > 1500


@pytest.mark.parametrize("name", STARTS)
def test_both_of_two_requests_may_die(name: str, explored: Explored) -> None:
    """The promise holds even when both requests die and leave calls behind that Keystone executes late."""
    assert explored(explore(*STARTS[name], Rules(), deaths=2)) > 200


@pytest.mark.parametrize("name", CROWDS)
def test_of_three_requests_none_is_told_what_another_makes_untrue(name: str, explored: Explored) -> None:
    """The promise holds for three requests of which one may die and leave calls to be executed late."""
    assert explored(explore(*CROWDS[name], Rules(), deaths=1)) > 1500


@pytest.mark.parametrize("rule", Rules._fields)
def test_without_any_part_of_the_protocol_the_model_finds_the_hole(rule: str) -> None:
    """A model that finds the hole which each missing part leaves would also find one that is there.

    The last of the parts is the assumption that the protocol relies on and cannot bring about.
    """
    name, deaths, lost = HOLES[rule]
    with pytest.raises(Untrue, match=r"was told 201|repeats are told") as found:
        explore(*(STARTS | CROWDS)[name], Rules()._replace(**{rule: False}), deaths, lost)
    # The message must tell the way to the hole call by call.
    assert str(found.value).count("\n") > 5
