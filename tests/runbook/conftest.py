"""Gives the tests of docs/runbook.md operators with clouds in trouble."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.runbook.shell import Operator, at_work
from tests.support.keystone.folders import Options

AtWork = Callable[..., Operator]
"""Returns an operator with a Keystone with these options, and the service with these settings."""


@pytest.fixture
def operator_with(tmp_path: Path) -> Iterator[AtWork]:
    """Returns what gives an operator a Keystone and the service."""
    with ExitStack() as stack:

        def begin(options: Options | None = None, settings: str = "") -> Operator:
            return stack.enter_context(at_work(tmp_path, options or {}, settings))

        yield begin


@pytest.fixture
def operator(operator_with: AtWork) -> Operator:
    """Returns an operator with a Keystone that is prepared for Concertim."""
    return operator_with()
