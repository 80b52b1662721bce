"""Tests of the names of users and projects in Keystone."""

import re

import pytest

from lib.keystone.client import marks
from lib.keystone.names import fill, legacy_owners


def test_a_name_that_fits_is_the_template_with_the_login() -> None:
    """Operators know such names from the older service."""
    assert fill("concertim_{username}_project", "ann", 64) == "concertim_ann_project"


def test_a_name_that_just_fits_is_whole_and_the_next_is_cut() -> None:
    """With the default template, a login of 46 characters fills the name of a project."""
    assert fill("concertim_{username}_project", "x" * 46, 64) == f"concertim_{'x' * 46}_project"
    cut = fill("concertim_{username}_project", "x" * 47, 64)
    assert re.fullmatch(r"concertim_x{41}~[0-9a-f]{12}", cut)
    assert len(cut) == 64


def test_long_logins_that_begin_alike_get_different_names() -> None:
    """The hash in a shortened name is that of the whole name."""
    names = {fill("{username}", "x" * 80 + end, 64) for end in ("a", "b", "ab")}
    assert len(names) == 3


def test_the_same_login_always_gets_the_same_name() -> None:
    """Names are the same in every process and release, since a repeated sign-up finds its own work by them."""
    assert fill("concertim_{username}_project", "x" * 80, 64) == f"concertim_{'x' * 41}~0e1549f1ac40"


@pytest.mark.parametrize(
    ("kind", "name", "whose"),
    [
        (marks.USER, "concertim_ann", {"ann"}),
        (marks.USER, "CM_ann.b-c_d", {"ann.b-c_d"}),
        (marks.USER, "concertim", set()),
        (marks.USER, "xconcertim_ann", set()),
        (marks.USER, "concertim_ann b", set()),
        (marks.USER, "concertim_ann\n", set()),
        (marks.USER, "cm_ann", set()),
        (marks.PROJECT, "concertim_ann_project", {"ann"}),
        (marks.PROJECT, "CM_ann_proj", {"ann"}),
        (marks.PROJECT, "concertim_ann", set()),
        (marks.PROJECT, "CM_ann_proj2", set()),
        (marks.TEAM, "CM_two words", {"two words"}),
        (marks.TEAM, "concertim_ann_project", set()),
        (marks.TEAM, "admin", set()),
    ],
)
def test_whose_a_name_may_be_is_read_off_the_whole_of_it(kind: str, name: str, whose: set[str]) -> None:
    """Only the templates of the older service count, as objects that are named by the current ones have a mark."""
    assert legacy_owners(kind, name) == {(kind, owner) for owner in whose}


@pytest.mark.parametrize("team", ["a ", " a", "a\n", "\t a"])
def test_spaces_that_keystone_would_trim_are_kept_apart_by_a_hash(team: str) -> None:
    """Keystone trims spaces at the ends of names, but the UI tells apart teams that differ in nothing else."""
    name = fill("{name}_team" if team.startswith(" ") else "concertim_{name}", team, 64)
    assert name == name.strip()
    assert fill("{name}", team, 64) != fill("{name}", "a", 64)
