"""The names of users and projects."""

import re

from lib.names import name_for


def test_a_name_that_fits_is_the_template_with_the_login() -> None:
    """As operators know it from the older service."""
    assert name_for("concertim_{username}_project", "ann", 64) == "concertim_ann_project"


def test_a_name_that_just_fits_is_whole_and_the_next_is_cut() -> None:
    """46 characters of login fill a project's name."""
    assert name_for("concertim_{username}_project", "x" * 46, 64) == f"concertim_{'x' * 46}_project"
    cut = name_for("concertim_{username}_project", "x" * 47, 64)
    assert re.fullmatch(r"concertim_x{41}~[0-9a-f]{12}", cut)
    assert len(cut) == 64


def test_long_logins_that_begin_alike_get_different_names() -> None:
    """The hash is that of the whole."""
    names = {name_for("{username}", "x" * 80 + end, 64) for end in ("a", "b", "ab")}
    assert len(names) == 3


def test_the_same_login_always_gets_the_same_name() -> None:
    """Across processes and releases: a repeated sign-up finds its own work by it."""
    assert name_for("concertim_{username}_project", "x" * 80, 64) == f"concertim_{'x' * 41}~0e1549f1ac40"
