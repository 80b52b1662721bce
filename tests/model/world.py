"""The world of the model: a Keystone with one login's user and project, the requests, and their rules."""

from typing import NamedTuple

# The user is claimed by no request; by one that may be alive; by one that can no longer be alive.
FREE, YOUNG, OLD = "", "young", "old"


class User(NamedTuple):
    """The one user who has the login's name."""

    id: int
    password: str
    request: str
    """Attribute concertim_request: who made the user, claimed them, or set their password last."""
    claim: str = FREE
    """Whether attribute concertim_claimed holds a time, and how old that is."""
    time: int = 0
    """The number of the try that made the claim, since each try has a time of its own."""
    taken: str = FREE
    """Whether attribute concertim_taken_over holds a time, and how old that is."""
    default: bool = False
    """Whether the project is the user's default one."""
    role: bool = False
    """Whether the user holds their role on the project."""
    finished: bool = False
    """Attribute concertim_finished: whether POST /user has reported the user."""


class Keystone(NamedTuple):
    """All that the Keystone holds. Names are unique there, so the login has one user and one project, or none."""

    user: User | None = None
    project: bool = False
    made: int = 0
    """How many users were made; each gets the next number as id, so that no id comes back."""

    def set(self, **changes: object) -> "Keystone":
        """Returns the Keystone with these changes of its user."""
        assert self.user
        return self._replace(user=self.user._replace(**changes))  # type: ignore[arg-type]

    def later(self) -> "Keystone":
        """Returns the Keystone after so much time that what was young of its user is old."""
        user = self.user
        return self.set(claim=user.claim and OLD, taken=user.taken and OLD) if user else self


class Request(NamedTuple):
    """One request: what it is for, the call that it makes next, and what it remembers."""

    name: str
    """The request id."""
    password: str
    known: int = 0
    """The id that the request sends as cloud_user_id, or 0."""
    only_user: bool = False
    """Whether the request is POST /user."""
    refused: bool = False
    """Whether Keystone refuses the request's project, so that the request takes its user back."""
    sets_twice: bool = False
    """Whether Keystone lets a password that came with a create open nothing, and the service sets it once more."""

    next: str = "create user"
    seen: User | None = None
    """The user as the request has read or made them, to compare later reads with."""
    removing: bool = False
    """Whether the request is taking its user back."""
    wave: frozenset[str] = frozenset()
    """The last calls of the request, sent in parallel, that Keystone has not executed yet."""
    late: bool = False
    """Whether these calls have taken so long that the request reads the user once more."""
    failed: bool = False
    """Whether one of these calls has failed."""
    tries: int = 0
    """How often the request has made its next call and lost the answer."""
    lost: bool = False
    """Whether the answer to a claim or to its password was lost, so that this try may still be executed."""
    time: int = 0
    """Which try of the claim was answered."""
    met: frozenset[str] = frozenset()
    """The requests that were about to claim the user, or at their last calls, when this one claimed."""
    told: int = 0
    """The status that the request was answered, or 0."""

    @property
    def signature(self) -> str:
        """What the request writes to concertim_request when it claims."""
        return f"{self.name} to remove it" if self.removing else self.name

    def to(self, step: str, **memory: object) -> "Request":
        """Returns the request as it goes on with this call."""
        return self._replace(next=step, tries=0, **memory)  # type: ignore[arg-type]

    def left_behind(self) -> "Request":
        """Returns what of the request decides the effect of its call when that is executed late."""
        seen = self.seen
        return Request(
            self.name,
            self.password,
            0,
            self.only_user,
            False,
            self.sets_twice,
            "",
            seen,
            self.removing,
            tries=self.tries,
        )

    def end(self, status: int) -> "Request":
        """Returns the request as it was answered.

        Of its memory only the user whom it was told of matters any more, and only if it was told 201.
        """
        seen = User(self.seen.id, "", "") if self.seen and status == 201 else None
        return Request(
            self.name, self.password, self.known, self.only_user, self.refused, self.sets_twice, "", seen, told=status
        )


class Rules(NamedTuple):
    """The parts of the protocol. If any of them is left out, the model must find the hole that it closes."""

    creates_claimed: bool = True
    """A user whose password is set by a second call is created under the claim of the request."""
    heeds_claims: bool = True
    """A request that reads a user under a young claim by name gives up."""
    heeds_claims_by_id: bool = True
    """A request that reads a user under a young claim by id gives up."""
    reads_again: bool = True
    """A request reads the user again directly before it claims them."""
    gives_up_late: bool = True
    """A request that takes too long from that reading to its claim gives up."""
    waits: bool = True
    """A request that has claimed waits until all that had read the user before have claimed or given up.

    The last calls of holders that are not late are over by then.
    """
    looks: bool = True
    """After the wait, it looks whose claim stands, and whether the user has a default project or roles."""
    takes_claim_off: bool = True
    """The call that sets the password takes the claim off."""
    dates_tries: bool = True
    """Each try of a claim has a time of its own."""
    heeds_take_overs: bool = True
    """No request claims a user who was just taken over, as another try of that call may still be executed."""
    keeps_after_lost: bool = True
    """A request that has taken over a user, and has lost an answer, does not take the user back.

    The try that is left behind could end the claim, or write over it.
    """
    unclaims: bool = True
    """A request that finds that a holder was faster takes its claim off."""
    unclaims_once: bool = True
    """The call that takes a claim off is not tried again."""
    holder_compares: bool = True
    """A holder looks in Keystone's answer for the default project whether another has claimed the user."""
    holder_looks: bool = True
    """A holder whose last calls were late, or set no default project, reads the user once more at its end."""
    reports_finished: bool = True
    """A POST /user that finds an unfinished user marks them before it reports them."""
    old_after_all: bool = True
    """A claim grows old only when all that claimers have sent was executed; the protocol assumes this."""


class State(NamedTuple):
    """A moment: what Keystone holds, the requests answered or not, and the calls that the dead have left behind."""

    keystone: Keystone
    requests: tuple[Request, ...]
    left: frozenset[tuple[Request, str]] = frozenset()
    deaths: int = 0
    lost: int = 0
