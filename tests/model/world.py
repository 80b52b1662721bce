"""What the model's requests meet: a Keystone with one login's user and project, and the rules that they follow."""

from typing import NamedTuple

# What stands on a user whom nobody claims; whom somebody claims; whom somebody has claimed too long ago to be alive.
FREE, YOUNG, OLD = "", "young", "old"


class User(NamedTuple):
    """The one user of the login's name."""

    id: int
    password: str
    request: str
    """Attribute concertim_request: who made the user, claimed them, or set their password last."""
    claim: str = FREE
    """Attribute concertim_claimed."""
    time: int = 0
    """And what tells its time from that of another try to make the same claim."""
    taken: str = FREE
    """Attribute concertim_taken_over."""
    default: bool = False
    """Whether the project is their default one."""
    role: bool = False
    """Whether they hold their role on the project."""
    finished: bool = False
    """Attribute concertim_finished: POST /user has reported them."""


class Keystone(NamedTuple):
    """All that it holds. Its names are unique, so there is one user and one project of the login, or none."""

    user: User | None = None
    project: bool = False
    made: int = 0
    """How many users it has made: an id never comes back."""

    def set(self, **changes: object) -> "Keystone":
        """With these changes of its user."""
        assert self.user
        return self._replace(user=self.user._replace(**changes))  # type: ignore[arg-type]

    def later(self) -> "Keystone":
        """When what was young of its user is not any more."""
        user = self.user
        return self.set(claim=user.claim and OLD, taken=user.taken and OLD) if user else self


class Request(NamedTuple):
    """One request: what it is for, the call that it makes next, and what it remembers."""

    name: str
    """Its request id."""
    password: str
    known: int = 0
    """The id that it sends as cloud_user_id."""
    only_user: bool = False
    """Whether it is POST /user."""
    refused: bool = False
    """Whether the project that it asks for is refused, so that it takes its user back."""

    next: str = "create user"
    seen: User | None = None
    """The user as it has read or made them: what it compares with."""
    removing: bool = False
    """Whether it is taking its user back."""
    wave: frozenset[str] = frozenset()
    """Which calls of its last wave Keystone has not executed yet."""
    late: bool = False
    """Whether its wave has taken so long that it looks once more."""
    failed: bool = False
    """Whether a call of its wave has failed."""
    tries: int = 0
    """How often it has made its next call without getting to know what came of it."""
    time: int = 0
    """Which try of its claim was answered."""
    met: frozenset[str] = frozenset()
    """Who was just about to claim the user, or within its wave, when this one claimed."""
    told: int = 0
    """The status that it was answered."""

    @property
    def signature(self) -> str:
        """What it writes to concertim_request when it claims."""
        return f"{self.name} to remove it" if self.removing else self.name

    def to(self, step: str, **memory: object) -> "Request":
        """Going on with this call."""
        return self._replace(next=step, tries=0, **memory)  # type: ignore[arg-type]

    def left_behind(self) -> "Request":
        """As much of it as tells what its call does when it is executed late."""
        return Request(
            self.name, self.password, 0, self.only_user, False, "", self.seen, self.removing, tries=self.tries
        )

    def end(self, status: int) -> "Request":
        """Answered. Of its memory nothing matters any more but whom it was told of, if it was told 201."""
        seen = User(self.seen.id, "", "") if self.seen and status == 201 else None
        return Request(self.name, self.password, self.known, self.only_user, self.refused, "", seen, told=status)


class Rules(NamedTuple):
    """The parts of the protocol. With any of them left out the model must find the hole that it closes."""

    heeds_claims: bool = True
    """Who reads a user under a young claim gives up: by name,"""
    heeds_claims_by_id: bool = True
    """and by id."""
    reads_again: bool = True
    """Who claims has read the user directly before."""
    gives_up_late: bool = True
    """Who takes too long from that reading to its claim gives up."""
    waits: bool = True
    """Who has claimed waits until whoever read the user before has claimed or given up, and fast waves are over."""
    looks: bool = True
    """Then it looks whose claim stands, and whether the user has a default project or roles."""
    takes_claim_off: bool = True
    """The call that sets the password takes the claim off."""
    dates_tries: bool = True
    """Each try of a claim has a time of its own."""
    heeds_take_overs: bool = True
    """Nobody claims a user who was just taken over, as a try of that call may still be executed."""
    unclaims: bool = True
    """Who finds that a holder was faster takes its claim off,"""
    unclaims_once: bool = True
    """and does not try that again."""
    holder_compares: bool = True
    """A holder looks in Keystone's answer for the default project whether another has claimed the user."""
    holder_looks: bool = True
    """A holder whose wave was late, or had no default project to set, looks at its end."""
    reports_finished: bool = True
    """POST /user that finds an unfinished user marks them before it reports them."""
    old_after_all: bool = True
    """No assumption but the protocol's: a claim grows old only when all that claimers have sent was executed."""


class State(NamedTuple):
    """A moment: what Keystone holds, those that were not yet answered or were, and what the dead have left behind."""

    keystone: Keystone
    requests: tuple[Request, ...]
    left: frozenset[tuple[Request, str]] = frozenset()
    deaths: int = 0
    lost: int = 0
