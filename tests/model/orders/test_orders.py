"""Tests that the promise holds in both other orders, and that every part of their protocols is needed for it."""

from collections.abc import Callable

import pytest

from tests.model.orders.explore import Untrue, explore
from tests.model.orders.starts import F, S, crowds, giving_up, starts
from tests.model.orders.world import Rules

ORDERS = {"F": F, "S": S}
TWO = [(order, name) for order, rules in ORDERS.items() for name in starts(rules)]
THREE = [(order, name) for order, rules in ORDERS.items() for name in crowds(rules)]
Explored = Callable[[int], int]

_OF_BOTH = {
    "leases": ("POST /user and a sign-up", 0, 0),
    "renews": ("POST /user and a sign-up that set twice", 0, 0),
    "heeds_claims": ("repair and POST /user", 0, 0),
    "heeds_claims_by_id": ("repair and one by id", 0, 0),
    "reads_again": ("two takers", 0, 0),
    "gives_up_late": ("two takers", 0, 0),
    "waits": ("two takers", 0, 0),
    "looks": ("two takers", 0, 0),
    "looks_at_roles": ("a holder and a taker", 0, 0),
    "dates_tries": ("two takers", 0, 1),
    "unclaims": ("repair and POST /user", 0, 0),
    "unclaims_once": ("a holder, a taker, and one that gives up", 0, 1),
    "prover_looks": ("repair and a holder", 0, 0),
    "ids_look": ("repair and one by id", 0, 0),
    "reports_finished": ("repair and POST /user", 0, 0),
}
HOLES = {
    "F": _OF_BOTH
    | {
        "checks_clock": ("two, one's password refused", 1, 0),
        "old_after_all": ("two, one's password refused", 0, 0),
        "claims_project": ("two, one's password refused", 0, 0),
        "project_looks": ("two, one's password refused", 0, 0),
        "only_maker_removes": ("two, one's project refused", 0, 0),
        "unclaims_project": ("refused, and POST /user", 0, 0),
        "remover_looks_at_user": ("a password refused, a holder, a taker", 0, 0),
        "keeps_for_any_user": ("a password refused, a holder, a taker", 0, 0),
    },
    "S": _OF_BOTH
    | {
        "compares_times": ("a holder and two takers", 1, 1),
        "checks_clock": ("POST /user and a project refused", 1, 0),
        "old_after_all": ("POST /user and a project refused", 0, 0),
        "back_claims": ("POST /user and a project refused", 0, 0),
        "back_looks_at_finished": ("POST /user and a project refused", 0, 0),
        "back_looks_at_roles": ("one by id and a project refused", 0, 0),
        "only_owner_takes_back": ("two, one's project refused, one password", 0, 0),
        "keeps_after_lost": ("set twice, one refused, one password", 0, 1),
    },
}


@pytest.mark.parametrize(("order", "name"), TWO)
def test_of_two_requests_neither_is_told_what_the_other_makes_untrue(order: str, name: str, explored: Explored) -> None:
    """One of them may die or be suspended, one may lose an answer, or two may die."""
    rules = ORDERS[order]
    explored(explore(*starts(rules)[name], rules, deaths=1, lost=1) + explore(*starts(rules)[name], rules, deaths=2))


@pytest.mark.parametrize(("order", "name"), THREE)
def test_of_three_requests_none_is_told_what_another_makes_untrue(order: str, name: str, explored: Explored) -> None:
    """One of the three may die or be suspended."""
    explored(explore(*crowds(ORDERS[order])[name], ORDERS[order], deaths=1))


@pytest.mark.parametrize("order", ORDERS)
def test_one_that_gives_up_leaves_no_hole(order: str, explored: Explored) -> None:
    """The call that takes a claim off is not tried again."""
    for start in giving_up(ORDERS[order]).values():
        explored(explore(*start, ORDERS[order], deaths=1, lost=1))


@pytest.mark.parametrize(("order", "rule"), [(order, rule) for order, rules in HOLES.items() for rule in rules])
def test_without_any_part_of_the_protocol_the_model_finds_the_hole(order: str, rule: str) -> None:
    """A model that finds the hole which each missing part leaves would also find one that is there."""
    rules: Rules = ORDERS[order]._replace(**{rule: False})
    name, deaths, lost = HOLES[order][rule]
    with pytest.raises(Untrue, match=r"was told|repeats are told"):
        explore(*(starts(rules) | crowds(rules) | giving_up(rules))[name], rules, deaths, lost)
