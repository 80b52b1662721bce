"""Two requests at one user: the protocol by which an unfinished user is taken over or taken back.

A sign-up that was stopped half-way leaves a user without any role. Three kinds of request may meet at such a user:

- A *holder* has made the user, or has shown by the right password that the user is its own: it has *adopted* the user.
  It makes the project and grants the roles, and is told 201 with that password.
- A *taker* carries another password, but the mark says that the user is this very login's. It may set its own password:
  it *takes over* the user. Afterwards it goes on as a holder.
- A holder whose project is refused may remove the user again: it *takes back* its sign-up.

Keystone cannot compare before it writes, so nothing keeps two requests from writing. What is kept is this: no two
sign-ups that overlap are told 201 with different passwords, and nobody is told 201 of a user who is then removed. Three
attributes of the user serve for it. `concertim_request` says which request made the user, claimed them or set their
password last.
`concertim_claimed` has a time as long as that request may be about to set the password or to remove the user.
`concertim_taken_over` has the time at which a taker set the password.

Whoever takes over or takes back

1. reads the user again, who must be as when it decided to, and neither claimed nor just taken over;
2. *claims* the user: one call writes its own request id and the time;
3. gives up if more than SECONDS_OF_A_WAVE have passed since 1 began, and leaves its claim;
4. waits a little longer than that. Whoever else has read the user before the claim has claimed the user or given up by
   then, and whoever reads the user later finds the claim and answers 503: nobody writes another claim from now on;
5. looks. If another has claimed the user meanwhile, that one goes on, and this one gives up and leaves the claim. If
   the user has got a role or a default project, or was reported by POST /user, a holder was faster; then it takes its
   claim off, as nobody else can have one, and gives up, too;
6. sets the password, with the call that ends the claim; or removes the user.

A holder reads `concertim_request` at the beginning, and again after the last call that a taker must see: in Keystone's
answer to the call that sets the default project, or that marks the user as reported. If another request stands there,
it reports nothing. If not, that call came before any claim, and the taker sees what it has set when it looks; and the
roles, granted in the same wave, as it waits for longer than a wave may last. A holder whose wave took longer, or who
had no default project to set, looks once more at the end.

A claim or a take-over is *young* if it is younger than a request can last, by the setting `deadline` of who reads it. A
young claim is left alone even by who knows the right password, since the password may be about to change. So sign-ups
by name and by id answer 503 then, and so does the change of a password, which would be undone. Removals need not look:
who removes the user leaves nothing to contradict, as an id never comes back. Roles in teams need not, either: they go
to users that were reported, whom nobody takes back, and make a taker give up.

A call whose answer is lost is tried again, and Keystone may execute one of the tries after the other. So each try of a
claim has a time of its own, and who finds the time of another try in 5 gives up. Another try of a password may come
after the claim has ended, so a user who was just taken over is claimed by nobody; but who knows the password that was
set may go on. And a call that does nothing but take a claim off is tried once.

If a request is killed between its claim and its password, everybody is answered 503 until the claim is no longer young;
then the next repeat takes over. What requests have sent must have been executed by then: that is the one thing that
the protocol relies on. Should Keystone execute a password later, or a claim so late that it hides a younger one, the
account may open with another password than the one that was told. tests/model/ has this protocol as a model, which is
tried in every order of calls.
"""

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from lib import call, marks, settings
from lib.errors import Problem, Unfinished
from lib.keystone.connection import Connection
from lib.keystone.refusals import Gone
from lib.keystone.resources import User, enabled

# The most that may pass between reading a user and having claimed them; a holder whose wave lasts longer looks again.
SECONDS_OF_A_WAVE = 2
# By so much a taker waits longer than the others may take, as no two clocks run at exactly the same pace.
SECONDS_TO_BE_SURE = 0.2
# By so much the clocks of two hosts may differ.
SECONDS_BETWEEN_CLOCKS = 5


def take_over(cloud: Connection, user: User, password: str, attributes: Mapping[str, str]) -> User:
    """The unfinished user with this password and these attributes. Raises Unfinished where another was faster."""
    _claim(cloud, user)
    try:
        return cloud.update_user(user.id, password=password, **attributes, **marks.taken_over())
    except Problem:
        if not call.current().changed:
            # A password that Keystone's rules refuse: whoever sends another need not wait.
            with suppress(Problem):
                cloud.unclaim_user(user.id)
        raise


def take_back(cloud: Connection, user: User) -> None:
    """Removes the user of a sign-up that cannot be finished. Raises Unfinished where another is at work on them."""
    _claim(cloud, user, "to remove it")
    cloud.delete_user(user.id)


def unclaimed(cloud: Connection, user: User) -> User:
    """The user, who was read by id, as they are now: by id Keystone may answer out of its cache.

    Raises Unfinished as not_being_claimed does.
    """
    now = _look(cloud, user)
    not_being_claimed(now)
    return now


def not_being_claimed(user: User) -> None:
    """Raises Unfinished if another request may be about to set the user's password, or to remove the user."""
    _not_young(user.claimed, user)


def _not_young(since: datetime | None, user: User) -> None:
    # A time in the future is one of a clock that is ahead of ours.
    lasts = timedelta(seconds=settings.current().deadline + SECONDS_BETWEEN_CLOCKS)
    left = since + lasts - datetime.now(UTC) if since else timedelta()
    if left > timedelta():
        raise Unfinished(
            f"Another request has claimed user {user.shown_name}, or has just taken them over. Repeat the request: this"
            f" passes within {math.ceil(left.total_seconds())} seconds."
        )


def not_taken_over(user: User, now: User | None) -> None:
    """Raises Unfinished if another request has claimed the user since they were read as `user`."""
    if now is None or now.claimed_by != user.claimed_by:
        raise Unfinished(f"Another request has taken over the sign-up of user {user.shown_name}. Repeat the request.")


def _claim(cloud: Connection, user: User, purpose: str = "") -> None:
    """Steps 1 to 5 of the protocol: on return, nobody but this request sets the user's password or removes the user."""
    begun = time.monotonic()
    now = enabled(_look(cloud, user))
    not_being_claimed(now)
    _not_young(now.taken_over, now)
    not_taken_over(user, now)
    if _has_changed(user, now):
        raise _finishing(user)
    claimed = cloud.claim_user(user.id, purpose)
    if time.monotonic() - begun > SECONDS_OF_A_WAVE:
        raise Unfinished(f"To claim user {user.shown_name} took too long. Repeat the request.")
    call.current().pause(SECONDS_OF_A_WAVE + SECONDS_TO_BE_SURE)
    now = _look(cloud, user)
    not_taken_over(claimed, now)
    if now.claimed != claimed.claimed:
        raise Unfinished(f"A late try to claim user {user.shown_name} has replaced the last one. Repeat the request.")
    if _has_changed(user, now) or cloud.has_roles(user.id):
        cloud.unclaim_user(user.id)
        raise _finishing(user)


def _look(cloud: Connection, user: User) -> User:
    now = cloud.find_user(user.name, user.id)
    if now is None:
        raise Gone(f"User {user.shown_name} was removed while this request asked for it. Repeat the request.")
    return now


def _has_changed(user: User, now: User) -> bool:
    return (now.default_project_id, now.finished) != (user.default_project_id, user.finished)


def _finishing(user: User) -> Unfinished:
    return Unfinished(f"Another request is just finishing the sign-up of user {user.shown_name}. Repeat the request.")
