"""What is known of the call being served: its request id, deadline and secrets, and whether it changed anything."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from threading import Lock

from lib.call import shutdown
from lib.call.secrets import Secrets
from lib.errors import DeadlineExceeded

# What is known of a caller's token.
GOOD, GOOD_BY_PREVIOUS_SECRET = "good", "good, by the previous secret"
NOT_NEEDED, NOT_GOOD, NOT_SHOWN = "not needed", "not good", "not shown"
# Seconds. With less than this left, a request that failed is told that its time is over.
NOTHING_LEFT = 0.1


def _new_request_id() -> str:
    """Makes a request id in OpenStack's own form, which Keystone writes into its own log."""
    return f"req-{uuid.uuid4()}"


@dataclass
class Call:
    """One call of one function, shared by the threads that serve it."""

    function: str
    request_id: str = field(default_factory=_new_request_id)
    caller: str = ""
    """The address of the caller, if there is one."""
    token: str = ""
    """What is known of the caller's token: GOOD and so on. It is empty where a function is called without HTTP."""
    served: str = ""
    """The function that is served at the path, or the page. It is empty where nothing is."""
    started: float = field(default_factory=time.monotonic)
    ends: float = float("inf")
    """When the time of the call is over, on the monotonic clock."""
    secrets: Secrets = field(default_factory=Secrets, repr=False)
    fresh_tokens: set[str] = field(default_factory=set, repr=False)
    """The tokens that Keystone has issued during this call."""
    changed: bool = False
    """Whether the call has changed, or may have changed, anything in the cloud."""
    tried_again: bool = False
    """Whether a call to Keystone was tried again. Keystone may still execute the try before."""
    begun: Lock = field(default_factory=Lock, repr=False)
    """Held as soon as the log tells of the first change that the call sends."""
    about: dict[str, str] = field(default_factory=dict)
    """Whom or what the call is about, for the log: `login` or `team`, `user_id`, `project_id`."""
    done: dict[str, None] = field(default_factory=dict)
    """What was done, for the log, in order and each once."""
    keystone_calls: list[tuple[str, str, str, float, str]] = field(default_factory=list)
    """The calls to Keystone, at level DEBUG: method, path, status, seconds, and Keystone's own id of it."""
    last_asked: str = ""
    """The last HTTP call to Keystone: its method, and its URL without the query."""
    last_step: str = "answer"
    """The step that has ended last."""
    _steps: list[str] = field(default_factory=list)
    _cancels: list[Callable[[], None]] = field(default_factory=list)

    def note_change(self) -> None:
        """Records that something was, or may have been, changed: from now on the answer is never a 4xx."""
        self.changed = True

    def note_undone(self) -> None:
        """Records that all that was changed has been undone."""
        self.changed = False

    @property
    def step(self) -> str:
        """The step that Keystone has been asked to do for the longest time, or else the one that has ended last."""
        return (*self._steps, self.last_step)[0]

    def is_strangers(self) -> bool:
        """Whether the caller has not shown that it may call. Then its lines in the log have a rate limit."""
        return self.token in (NOT_GOOD, NOT_SHOWN)

    def note_done(self, what: str) -> None:
        """Records for the log what was done."""
        self.done.setdefault(what)

    @contextmanager
    def about_one_of_many(self) -> Iterator[None]:
        """Lets the log tell of one of the many things that the call is about."""
        about, done = self.about, self.done
        self.about, self.done = {name: about[name] for name in ("account",) if name in about}, {}
        try:
            yield
        finally:
            self.about, self.done = about, done

    @contextmanager
    def asking(self, step: str) -> Iterator[None]:
        """Marks the time during which Keystone is asked to do this step."""
        self._steps.append(step)
        try:
            yield
        finally:
            self.last_step = step
            self._steps.remove(step)

    def seconds(self) -> float:
        """Returns how long the call has taken until now."""
        return time.monotonic() - self.started

    def seconds_left(self) -> float:
        """Returns what remains of the call's time. Raises DeadlineExceeded or Stopping when nothing does."""
        now = time.monotonic()
        if shutdown.ends() <= now:
            shutdown.raise_if_begun()
        if self.ends <= now:
            raise DeadlineExceeded(f"Keystone took too long to {self.step}. Repeat the request.", step=self.step)
        return min(self.ends, shutdown.ends()) - now

    def is_over(self) -> bool:
        """Whether hardly anything of the call's time remains."""
        return min(self.ends, shutdown.ends()) - time.monotonic() < NOTHING_LEFT

    def pause(self, seconds: float) -> None:
        """Sleeps, but not beyond the call's time."""
        time.sleep(min(seconds, self.seconds_left()))

    @contextmanager
    def waiting(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Marks the time during which a thread waits for an answer, a wait that `cancel` ends."""
        self._cancels.append(cancel)
        try:
            self.seconds_left()
            yield
        finally:
            self._cancels.remove(cancel)

    def cancel_waits(self) -> None:
        """Ends everything that the threads of this call still wait for."""
        for cancel in [*self._cancels]:
            cancel()


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current() -> Call:
    """Returns the call that this thread serves, or a nameless one outside any."""
    return _current.get() or Call(function="", request_id="-")


@contextmanager
def serving(function: str, *, caller: str = "", token: str = "") -> Iterator[Call]:
    """Makes a new call the current one. Inside another call it shares what is known of the caller."""
    outer = _current.get()
    call = Call(function, caller=caller, token=token)
    if outer:
        call.request_id, call.secrets = outer.request_id, outer.secrets
        call.caller, call.token, call.served = outer.caller, outer.token, outer.served
    reset = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(reset)


@contextmanager
def ending_early(share: float) -> Iterator[None]:
    """Lets the current call ask nothing more when this share of its time is left, so that it can tell what it knows."""
    whole = current()
    early = replace(whole, ends=whole.ends - share * (whole.ends - whole.started))
    reset = _current.set(early)
    try:
        yield
    finally:
        whole.last_asked, whole.last_step = early.last_asked, early.last_step
        _current.reset(reset)


@contextmanager
def outside() -> Iterator[None]:
    """Lets what the process does for itself, such as its start, count as no part of the call that came first."""
    reset = _current.set(None)
    try:
        yield
    finally:
        _current.reset(reset)
