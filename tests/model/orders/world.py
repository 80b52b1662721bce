"""The world of the two orders: a Keystone with one login's user and project, the requests, and their rules."""

from typing import NamedTuple

# A lease or claim is none; of a request that may be alive; of one that can no longer be alive.
FREE, YOUNG, OLD = "", "young", "old"


class User(NamedTuple):
    """The one user who has the login's name."""

    id: int
    password: str
    request: str
    """Attribute concertim_request: who made the user, claimed them, or set their password last, and what for."""
    lease: str = FREE
    """How old the time is at which that was (concertim_claimed, or without it concertim_created)."""
    claim: bool = False
    """Whether concertim_request says that the request is about to set the password or to remove the user."""
    time: int = 0
    """The number of the try that made the claim, since each try has a time of its own."""
    default: int = 0
    """The id of the default project."""
    role: int = 0
    """The id of the project on which the user holds their role."""
    finished: bool = False
    """Attribute concertim_finished: whether POST /user has reported the user."""


class Project(NamedTuple):
    """The one project that has the login's name."""

    id: int
    maker: str
    """Attribute concertim_request: who made the project."""
    claim: str = FREE
    """Whether the maker has claimed the project for removal, and how long ago."""


class Keystone(NamedTuple):
    """All that the Keystone holds. Names are unique; ids never come back."""

    user: User | None = None
    project: Project | None = None
    users: int = 0
    projects: int = 0

    def set(self, **changes: object) -> "Keystone":
        """Returns the Keystone with these changes of its user."""
        assert self.user
        return self._replace(user=self.user._replace(**changes))  # type: ignore[arg-type]

    def of_project(self, **changes: object) -> "Keystone":
        """Returns the Keystone with these changes of its project."""
        assert self.project
        return self._replace(project=self.project._replace(**changes))  # type: ignore[arg-type]

    def user_later(self) -> "Keystone":
        """Returns the Keystone after the user's lease."""
        return self.set(lease=OLD) if self.user and self.user.lease == YOUNG else self

    def project_later(self) -> "Keystone":
        """Returns the Keystone when the project's claim is old."""
        return self.of_project(claim=OLD) if self.project and self.project.claim == YOUNG else self


class Request(NamedTuple):
    """One request: what it is for, the call that it makes next, and what it remembers."""

    name: str
    password: str
    known: int = 0
    """The id that the request sends as cloud_user_id, or 0."""
    only_user: bool = False
    """Whether the request is POST /user."""
    refused: str = ""
    """What of the request is refused: its "project", its "password", its "user" (another's), or a password in a PATCH
    only ("reset")."""
    sets_twice: bool = False
    """Whether Keystone lets a password that came with a create open nothing, and the service sets it once more."""

    repair: bool = False
    """Whether this is an operator's repair, which removes a user who is left without a role and was not reported."""

    next: str = "begin"
    user: User | None = None
    """The user as the request has read, made or changed them."""
    project: int = 0
    """The id of the project that it has made or found."""
    maker: bool = False
    """Whether it has made this project."""
    owner: bool = False
    """Whether the lease is its own: it has made the user, or set their password."""
    creator: bool = False
    """Whether it has made the user."""
    again: bool = False
    """Whether the request has lost an answer to its PATCH of the password, and sent that again."""
    claims: bool = False
    """Whether it has claimed the project."""
    removing: bool = False
    """Whether the request is taking its user back."""
    answer: int = 0
    """What the request is told when it has taken back what it made."""
    wave: frozenset[str] = frozenset()
    """The calls sent in parallel that Keystone has not executed yet."""
    failed: bool = False
    tries: int = 0
    time: int = 0
    """Which try of the claim was answered."""
    met: frozenset[str] = frozenset()
    """The requests that were about to claim the user when this one claimed."""
    over: bool = False
    """Whether its host was suspended for longer than the request may last."""
    told: int = 0

    @property
    def signature(self) -> str:
        """What the request writes to concertim_request when it claims."""
        return f"{self.name} to remove it" if self.removing else self.name

    def to(self, step: str, **memory: object) -> "Request":
        """Returns the request as it goes on with this call."""
        return self._replace(next=step, tries=0, **memory)  # type: ignore[arg-type]

    def left_behind(self) -> "Request":
        """Returns what of the request decides the effect of its call when that is executed late."""
        return Request(
            self.name,
            self.password,
            0,
            self.only_user,
            self.refused,
            self.sets_twice,
            self.repair,
            "",
            self.user and User(self.user.id, "", ""),
            self.project,
            removing=self.removing,
            tries=self.tries,
        )

    def end(self, status: int) -> "Request":
        """Returns the request as it was answered; only what it was told of matters any more."""
        told = status == 201
        user = User(self.user.id, "", "") if self.user and told else None
        return Request(
            self.name,
            self.password,
            self.known,
            self.only_user,
            self.refused,
            self.sets_twice,
            self.repair,
            "",
            user,
            project=self.project if told else 0,
            told=status,
        )


class Rules(NamedTuple):
    """The parts of the protocols. If any of them is left out, the model must find the hole that it closes."""

    project_first: bool = True
    """The order: F if true, else S."""

    # Of both orders.
    leases: bool = True
    """While a user without roles is under a lease, another password gets 503."""
    renews: bool = True
    """The PATCH of the password renews the lease."""
    heeds_claims: bool = True
    """A request that reads a user under a young claim by name gives up."""
    heeds_claims_by_id: bool = True
    """So does one that reads the user by id."""
    reads_again: bool = True
    """A taker reads the user again directly before it claims them."""
    gives_up_late: bool = True
    """A taker that takes too long from that reading to its claim gives up."""
    waits: bool = True
    """A taker that has claimed waits until all that had read the user before have claimed or given up."""
    looks: bool = True
    """After the wait, it looks whose claim stands."""
    looks_at_roles: bool = True
    """Then it looks whether the user has a role."""
    dates_tries: bool = True
    """Each try of a claim has a time of its own."""
    unclaims: bool = True
    """A request that finds that a holder was faster, or whose password is refused, takes its claim off."""
    unclaims_once: bool = True
    """The call that takes a claim off is not tried again."""
    prover_looks: bool = True
    """Who found the user by its password looks at the end that the last request is the one that it saw."""
    taker_looks: bool = False
    """So does a taker."""
    compares_times: bool = True
    """Every comparison of two reads compares the time as well as the request."""
    ids_look: bool = True
    """So does a request by known id."""
    creator_looks: bool = False
    """So does who made the user."""
    checks_clock: bool = True
    """A request whose wall clock shows that its time is over since its create or claim writes nothing more."""
    proves_unleased: bool = True
    """A request may adopt a user by the right password under another's lease."""

    # Of F.
    claims_project: bool = True
    """A maker claims the project before it removes it."""
    remover_looks_at_user: bool = True
    """The remover looks for the login's user with the project as the default one."""
    keeps_for_any_user: bool = True
    """Any user of the login stops it, whatever their default project."""
    remover_looks_at_roles: bool = True
    """The remover looks for a role of a person on the project."""
    heeds_project_claims: bool = False
    """Who finds the project under a young claim gives up at once."""
    frees_old: bool = False
    """Who finds the project under an old claim takes that off; without it, an old claim counts as none."""
    project_looks: bool = True
    """Who did not make the project looks at the end that it stands and bears no claim."""
    only_maker_removes: bool = True
    """A request that has not made the project does not remove it."""
    unclaims_project: bool = True
    """A remover that found somebody takes its claim off."""

    promises_default: bool = True
    """The promise says that the project is the default one, which today's model does not check."""

    # Of S.
    back_claims: bool = True
    """An owner claims the user before it takes them back."""
    back_looks_at_finished: bool = True
    """It looks whether POST /user has reported the user."""
    back_looks_at_roles: bool = True
    """It looks whether the user has a role."""
    reports_finished: bool = True
    """A POST /user that finds an unfinished user marks them before it reports them."""
    only_owner_takes_back: bool = True
    """Who only adopted the user does not take them back."""
    taker_takes_back: bool = False
    """A taker whose project is refused takes the user back, too; without it, it is told 503."""
    keeps_reported: bool = False
    """A creator that reads the user as reported already does not take them back, and is told 503."""
    keeps_after_lost: bool = True
    """Who has lost an answer to the PATCH of the password does not take the user back, and is told 503."""
    back_waits: bool = False
    """Who takes back waits after the claim, too."""

    # What both rely on.
    old_after_all: bool = True
    """A lease ends only when all that was alive when it began is over, and all that it sent was executed."""


class State(NamedTuple):
    """A moment: what Keystone holds, the requests, and the calls that were left behind."""

    keystone: Keystone
    requests: tuple[Request, ...]
    left: frozenset[tuple[Request, str]] = frozenset()
    deaths: int = 0
    lost: int = 0
    user_under: frozenset[str] = frozenset()
    """Who was alive, or had left calls behind, when the user's lease began, and is not over."""
    project_under: frozenset[str] = frozenset()
    """The same for the project's claim."""
