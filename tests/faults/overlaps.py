"""Which sign-ups overlap, and where each of them is held, by what the model says that they ask."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.model.promise import alone
from tests.model.test_protocol import ALL_BUT_GRANTS, HALF_MADE, NOTHING, OF_A_THIRD
from tests.model.world import Keystone as World
from tests.model.world import Request, Rules

OLD, NEW, REFUSED = "correct-horse", "battery-staple", "refused"


def with_password(world: World, password: str) -> World:
    """Returns the world in which its user has this password."""
    return world.set(password=password)


# What the cloud holds, as worlds of the model. The model tells what a sign-up asks when it meets no other.
WORLDS = {
    "nothing": NOTHING,
    "half-made": with_password(HALF_MADE, OLD),
    "a third one's": with_password(OF_A_THIRD, "of-a-third"),
    "all but the grants": with_password(ALL_BUT_GRANTS, OLD),
}


def asked(holds: str, sends: str) -> list[str]:
    """Returns the calls of a sign-up with this password. REFUSED sends the old one and somebody else's project_id."""
    refused = sends == REFUSED
    request = Request("", OLD if refused else sends, refused=refused)
    _, calls = alone(WORLDS[holds], request, Rules())
    # In the model the request is refused for the name of its project, and here for the id of the project.
    refusal = {"POST project": [], "GET project by name": ["GET project by id"]} if refused else {}
    return [one for call in calls for one in refusal.get(call, [call])]


def only_reads(holds: str, calls: Sequence[str]) -> bool:
    """Whether none of the calls changes anything. Keystone refuses to create a user who exists, which is no change."""
    return all(call.startswith(("GET", "POST token")) or (call == "POST user" and holds != "nothing") for call in calls)


class Overlap(NamedTuple):
    """What the cloud holds, what the two send, and what the second asks."""

    holds: str
    first: str
    second: str
    second_asks: list[str]
    everywhere: bool = True
    """Whether the second is held before calls that only read, too."""

    def seconds_until(self, first_until: Sequence[str]) -> list[list[str]]:
        """Returns how far the second goes in each trial: first to its end, then up to before each of its calls.

        A trial is left out if the call before which the first was held last and all calls of the second only read: it
        is the same as that earlier trial. The second cannot create the user, whom the first has created by then.
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
