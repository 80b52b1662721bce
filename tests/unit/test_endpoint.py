"""Tests of @endpoint: whatever a recipe does, the caller gets a status and a body, and no secret reaches the log."""

import json
import logging
from urllib.parse import quote

import pytest
from pydantic import SecretStr

import lib.keystone.client.log_in  # noqa: F401 - so that every kind of problem is known
from lib import call
from lib.answer.body import Done
from lib.call.secrets import Secrets
from lib.endpoint import endpoint
from lib.errors import RETRY_AFTER, BadRequest, MethodNotAllowed, NameTaken, Problem
from lib.request.model import Model
from lib.settings.loading import PATH_VARIABLE
from tests.support.answers import done, error


class Order(Model):
    """A request with secrets at its top level and in a nested object."""

    class Part(Model):
        """A nested object with a secret."""

        password: SecretStr

    part: Part
    password: SecretStr


def kinds_of(problem: type[Problem]) -> list[type[Problem]]:
    """Returns every kind of this problem, whichever module defines it."""
    return [kind for inner in problem.__subclasses__() for kind in (inner, *kinds_of(inner))]


SECRETS = ["correct-horse-battery", 'quo"te back\\slash', "tab\tnew\nline", "пароль 🔑", "100% {} $x", "x" * 128]


@pytest.mark.parametrize("raised", [ValueError("x"), KeyError("x"), RecursionError(), MemoryError(), Exception()])
def test_a_bug_is_answered_500_and_says_nothing_of_itself(raised: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """The answer to a bug shows neither the exception's class nor its text; the log has both, and where it happened."""

    @endpoint
    def buggy(request: Model) -> Done:
        raise raised

    why = "A bug in UserHandler stopped this request. Its log tells more under this request id."
    assert buggy({}) == error(500, "internal_error", why)
    [line] = caplog.messages
    assert f"; problem: {type(raised).__name__}: {raised}; raised_at: " in line
    assert "test_endpoint.py" in line


@pytest.mark.parametrize("kind", kinds_of(Problem), ids=lambda kind: kind.__name__)
def test_every_problem_is_answered_as_its_class_says(kind: type[Problem]) -> None:
    """Each class has a status and a code of its own, or those of the class that it extends."""

    @endpoint
    def refusing(request: Model) -> Done:
        raise MethodNotAllowed("A sentence.", "GET") if kind is MethodNotAllowed else kind("A sentence.")

    assert refusing({}) == error(kind.status, kind.code, "A sentence.")


def test_a_4xx_after_a_change_becomes_a_5xx_that_says_repeat(caplog: pytest.LogCaptureFixture) -> None:
    """A 4xx promises that nothing was changed, so it must not be answered after a change."""

    @endpoint
    def half(request: Model) -> Done:
        call.current().note_change()
        raise NameTaken("It is taken.")

    why = "Begun but not finished; repeat the same request once this is mended: It is taken."
    assert half({}) == error(503, "unfinished", why)
    assert caplog.messages[0].endswith("; repeat: helps once the problem is mended")


def test_only_busy_and_unfinished_name_a_time_to_wait() -> None:
    """A Retry-After is shorter than the three seconds after which the UI repeats in any case."""
    assert set(RETRY_AFTER) == {503}
    assert RETRY_AFTER[503] < 3


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_of_the_request_reaches_the_log(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    """A secret is masked in every form in which a library may quote it in the text of an exception."""

    @endpoint
    def leaking(request: Order) -> Done:
        quoted = (secret, repr(secret), json.dumps(secret), quote(secret), quote(secret, safe=""))
        raise BadRequest("It is wrong.", detail=" and ".join(quoted))

    with caplog.at_level(logging.DEBUG):
        leaking({"password": "another", "part": {"password": secret}})
    [line] = caplog.messages
    assert line.endswith("; problem: It is wrong.; detail: ***; repeat: does not help")


def test_secrets_show_in_no_repr() -> None:
    """Neither the repr of a request nor that of the call which carries its secrets shows them."""
    order = Order.model_validate({"password": "hidden-1", "part": {"password": "hidden-2"}})
    assert order.secrets() == ("hidden-1", "hidden-2")
    assert "hidden" not in repr(order) + str(order) + repr(call.Call("f", secrets=Secrets(order.secrets())))


def test_settings_that_cannot_be_used_are_answered_500(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that is called directly never raises, even when the settings cannot be read."""

    @endpoint
    def fine(request: Model) -> Done:
        return Done()

    monkeypatch.setenv(PATH_VARIABLE, "/nonexistent/config.yaml")
    assert fine({}) == error(500, "misconfigured", "/nonexistent/config.yaml: No such file or directory")


def test_a_good_call_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A successful call logs one line with the function, the status and the time taken."""

    @endpoint
    def fine(request: Model) -> Done:
        return Done()

    with caplog.at_level(logging.INFO):
        assert fine({}) == done()
    [line] = caplog.messages
    assert line.startswith("fine 201 ")
    assert line.endswith(" ms")
