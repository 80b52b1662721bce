"""What is known of the call being served: its request id, deadline and secrets, and whether it changed anything."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from lib import stopping
from lib.errors import DeadlineExceeded


def _new_request_id() -> str:
    """A request id in OpenStack's own form, so that Keystone takes it over into its log."""
    return f"req-{uuid.uuid4()}"


@dataclass
class Call:
    """One call of one function, shared by the threads that serve it."""

    function: str
    request_id: str = field(default_factory=_new_request_id)
    started: float = field(default_factory=time.monotonic)
    ends: float = float("inf")
    secrets: set[str] = field(default_factory=set, repr=False)
    tokens_given: set[str] = field(default_factory=set, repr=False)
    """The tokens of Keystone's for which this call has logged in."""
    changed: bool = False
    asking: list[str] = field(default_factory=list)
    """What Keystone is being asked to do, in the order in which it was."""
    by_anybody: bool = False
    """Whether the caller has shown nothing yet, and so may be anybody."""
    asked: str = ""
    """What was asked of Keystone last, as method and URL without its query."""
    _cuts: list[Callable[[], None]] = field(default_factory=list)

    @property
    def step(self) -> str:
        """What has been waited for longest."""
        return (*self.asking, "answer")[0]

    def milliseconds(self) -> int:
        """How long the call has taken until now."""
        return round((time.monotonic() - self.started) * 1000)

    def seconds_left(self) -> float:
        """What remains of the call's time; raises DeadlineExceeded or Stopping when nothing does."""
        now = time.monotonic()
        if stopping.ends() <= now:
            stopping.refuse()
        if self.ends <= now:
            raise DeadlineExceeded(f"Keystone took too long to {self.step}. Repeat the request.", step=self.step)
        return min(self.ends, stopping.ends()) - now

    @contextmanager
    def cutting(self, cut: Callable[[], None]) -> Iterator[None]:
        """While a thread waits for somebody's answer: `cut` ends that wait, once nobody waits for the thread itself."""
        self._cuts.append(cut)
        try:
            self.seconds_left()
            yield
        finally:
            self._cuts.remove(cut)

    def cut(self) -> None:
        """Ends what the threads of this call still wait for."""
        for cut in [*self._cuts]:
            cut()

    def is_over(self) -> bool:
        """Whether nothing of the call's time remains, to speak of."""
        return min(self.ends, stopping.ends()) - time.monotonic() < 0.1

    def pause(self, seconds: float) -> None:
        """Waits, but not beyond the call's time."""
        time.sleep(min(seconds, self.seconds_left()))


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current() -> Call:
    """The call being served by this thread; a nameless one outside any."""
    return _current.get() or Call(function="", request_id="-")


@contextmanager
def serving(function: str) -> Iterator[Call]:
    """Makes a new call the current one; inside another it keeps what is known of the caller."""
    outer = _current.get()
    call = Call(function)
    if outer:
        call.request_id, call.secrets, call.by_anybody = outer.request_id, set(outer.secrets), outer.by_anybody
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
