"""Lists the pairs of sign-ups that overlap, and takes the calls before which each is held up from the model."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.model.promise import alone
from tests.model.test_protocol import ALL_BUT_GRANTS, HALF_MADE, NOTHING, OF_A_THIRD
from tests.model.world import Keystone as World
from tests.model.world import Request, Rules

OLD, NEW, REFUSED = "correct-horse", "battery-staple", "refused"


def with_password(world: World, password: str) -> World:
    """Returns the world with this password of its user."""
    return world.set(password=password)


# These are the states of the cloud in terms of the model, from which it derives the calls of a sign-up.
WORLDS = {
    "nothing": NOTHING,
    "half-made": with_password(HALF_MADE, OLD),
    "a third one's": with_password(OF_A_THIRD, "of-a-third"),
    "all but the grants": with_password(ALL_BUT_GRANTS, OLD),
}


def asked(holds: str, sends: str) -> list[str]:
    """Returns the calls of a sign-up with this password. REFUSED stands for OLD with a project_id that is refused."""
    refused = sends == REFUSED
    request = Request("", OLD if refused else sends, refused=refused)
    _, calls = alone(WORLDS[holds], request, Rules())
    # In the model a sign-up is refused by the name of its project, and in these tests by the project_id.
    refusal = {"POST project": [], "GET project by name": ["GET project by id"]} if refused else {}
    return [one for call in calls for one in refusal.get(call, [call])]


def only_reads(holds: str, calls: Sequence[str]) -> bool:
    """Returns whether no call changes anything. A call that creates a user who exists does not, as it is refused."""
    return all(call.startswith(("GET", "POST token")) or (call == "POST user" and holds != "nothing") for call in calls)


class Overlap(NamedTuple):
    """Two sign-ups that overlap: what the cloud holds, what each of them sends, and the calls of the second."""

    holds: str
    first: str
    second: str
    second_asks: list[str]
    everywhere: bool = True
    """Whether the second is also held up before calls that only read."""

    def seconds_until(self, first_until: Sequence[str]) -> list[list[str]]:
        """Returns the calls up to whose last the second runs, for each trial. An empty list lets it run to its end.

        Trials are left out that equal one in which the first is held up a call earlier, because that call and those of
        the second only read. The second cannot create the user, as the first has done so by then.
        """
        turns = [self.second_asks[:number] for number in range(len(self.second_asks) + 1)]
        turns = [until for until in turns if self.everywhere or not (until and only_reads("a user", until[-1:]))]
        if len(first_until) > 1 and only_reads(self.holds, first_until[-2:-1]):
            return [until for until in turns if not (until and only_reads("a user", until[:-1]))]
        return turns


ADOPTS, TAKES_OVER = asked("half-made", OLD), asked("half-made", NEW)
OVERLAPS = [
    Overlap("nothing", OLD, NEW, TAKES_OVER),
    Overlap("nothing", OLD, OLD, ADOPTS),
    Overlap("half-made", OLD, NEW, TAKES_OVER),
    Overlap("half-made", NEW, OLD, ADOPTS),
    Overlap("a third one's", OLD, NEW, TAKES_OVER),
    Overlap("all but the grants", OLD, NEW, TAKES_OVER, everywhere=False),
    Overlap("nothing", REFUSED, OLD, ADOPTS),
    Overlap("half-made", REFUSED, NEW, TAKES_OVER, everywhere=False),
]
