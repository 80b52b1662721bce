"""Two requests at one user: the protocol by which an unfinished user is taken over or taken back.

A sign-up that was stopped half-way leaves a user without any role. Two kinds of request may meet at such a user, and a
holder may also give up:

- A *holder* has created the user, or has *adopted* them: the password that it carries logs in as the user. It makes the
  project, grants the roles, and is answered 201: the account opens with that password.
- A *taker* carries another password, and the user's mark names its very login. It may set its own password: then it has
  *taken over* the user, and goes on as a holder.
- A holder whose project is refused may remove the user again: then it has *taken back* its sign-up.

Keystone cannot compare before it writes, so nothing can keep two requests from writing. The protocol promises this
much: of two sign-ups that overlap with different passwords, at most one is answered 201; and no request is answered 201
about a user who is removed afterwards. Three attributes of the user serve for it:

- `concertim_request` is the id of the request that created the user, claimed them, or set their password last.
- `concertim_claimed` has a time as long as that request may be about to set the password or to remove the user.
- `concertim_taken_over` is the time at which the call that ends a claim set the password.

A request that takes over or takes back

1. reads the user again. They must be as they were when it decided to, and neither claimed nor just taken over;
2. *claims* the user: one call writes its own request id and the time;
3. gives up if more than SECONDS_TO_CLAIM have passed since step 1 began, and leaves its claim;
4. waits a little longer than that. Every other request that has read the user before the claim has claimed the user
   itself or given up by then. Every request that reads the user later finds the claim and answers 503. So nobody writes
   another claim from now on;
5. reads the user once more. If another request has claimed the user meanwhile, that one goes on: this one gives up and
   leaves the claim. If the user has got a role or a default project, or was reported by POST /user, a holder was
   faster: this one removes its claim, as no other can exist, and gives up;
6. sets the password with the same call that ends the claim, or removes the user.

A holder reads `concertim_request` at the beginning. It reads it again in Keystone's answer to the call that makes the
project the default one, or that marks the user as reported. If another request's id is there, the holder answers 503.
If not, that call came before any claim, and the taker sees in step 5 what it has set. It also sees the roles, which are
granted in parallel with that call: the taker waits for longer than those calls may last. A holder whose calls lasted
longer, or who had no default project to set, reads the user once more at the end.

A claim or a take-over is *young* if it is younger than a request can last, by the setting `deadline` of the request
that reads it. A young claim is respected even by a request that carries the right password, since the password may be
about to change. So sign-ups by name and by id are answered 503 then. So is every change of the user, as the claim's
owner would undo a new password. Removals need not look at claims: a user who was removed contradicts no answer, as an
id never comes back. Roles in teams need not, either: they are granted to users who were reported. Nobody takes those
back, and a role makes a taker give up.

A call whose answer is lost is tried again, and Keystone may execute one try after the other. So each try of a claim has
a time of its own, and a request that finds the time of another try in step 5 gives up. Another try of a password may be
executed after the claim has ended, so nobody claims a user who was just taken over, except the request that did so, and
only if it has tried no call again. A request that carries the password that was set may go on. And a call that only
removes a claim is tried once.

Keystone may refuse every password that a create has set, until the user has changed it. On such a site
(setting `user_options`) a user is created under the claim of the request that creates them, and the call that ends the
claim sets the password again. Nobody has read the user before that claim, so this request need not wait.

If a request is killed between its claim and its password, every request is answered 503 until the claim is no longer
young. Then the next one takes over. What was sent to Keystone must have been executed by then: this is the one thing
that the protocol relies on. Should Keystone execute a password later than that, or a claim so late that it hides a
younger one, the account may open with another password than the answers said. tests/model/ has this protocol as a
model, which is tried in every order of calls.
"""

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from lib import call, settings
from lib.errors import Problem, Unfinished
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneNotFound
from lib.keystone.client.resources import User
from lib.keystone.ownership import refuse_disabled

# The longest time from reading a user to having claimed them. A holder whose calls last longer reads the user again.
SECONDS_TO_CLAIM = 2
# A taker waits this much longer, as no two clocks run at exactly the same pace.
SECONDS_OF_MARGIN = 0.2
# The clocks of two hosts may differ by this much.
SECONDS_BETWEEN_CLOCKS = 5


def claim_for_create() -> dict[str, str]:
    """Returns the attributes of a user who is created under the claim of this request."""
    return marks.claimed_now()


def is_claimed_by_this_request(user: User) -> bool:
    """Whether the claim is this request's: it has created the user, even if that try seemed to fail."""
    return user.claimed is not None and user.last_request == call.current().request_id


def end_claim(cloud: Connection, user: User, values: Mapping[str, Any]) -> User:
    """Gives the user, whom this request has claimed, this password and these attributes."""
    return cloud.update_user(user.id, **values, **marks.taken_over_now())


def take_over(cloud: Connection, user: User, values: Mapping[str, Any]) -> User:
    """Gives the unfinished user this password and these attributes. Raises Unfinished where another was faster."""
    _claim(cloud, user)
    try:
        taken = end_claim(cloud, user, values)
    except Problem:
        if not call.current().changed:
            # Keystone's rules refuse the password. The next request, with another one, need not wait.
            with suppress(Problem):
                cloud.unclaim_user(user.id)
        raise
    call.current().note_done("user taken over")
    return taken


def take_back(cloud: Connection, user: User) -> None:
    """Removes the user of a sign-up that cannot be finished. Raises Unfinished where another is at work on the user."""
    _claim(cloud, user, "to remove it")
    cloud.delete_user(user.id)


def unclaimed(cloud: Connection, user: User) -> User:
    """Reads the user again by name: by id, Keystone may answer from its cache. Raises Unfinished if claimed."""
    now = _read_again(cloud, user)
    check_not_claimed(now)
    return now


def check_not_claimed(user: User) -> None:
    """Raises Unfinished if another request may be about to set the user's password, or to remove the user."""
    _check_not_young(user.claimed, user)


def _check_not_young(since: datetime | None, user: User) -> None:
    # A time in the future comes from a clock that is ahead of ours.
    lasts = timedelta(seconds=settings.current().deadline + SECONDS_BETWEEN_CLOCKS)
    left = since + lasts - datetime.now(UTC) if since else timedelta()
    if left > timedelta():
        raise Unfinished(
            f"Another request has claimed user {user.shown_name}, or has just set their password. Repeat the request:"
            f" this passes within {math.ceil(left.total_seconds())} seconds."
        )


def check_still_held(user: User, now: User | None) -> None:
    """Raises Unfinished if the user is gone, or another request has claimed them or set their password since."""
    if now is None or now.last_request != user.last_request:
        raise Unfinished(f"Another request has taken over the sign-up of user {user.shown_name}. Repeat the request.")


def _claim(cloud: Connection, user: User, purpose: str = "") -> None:
    """Does steps 1 to 5 of the protocol: then no other request sets the user's password or removes the user."""
    begun = time.monotonic()
    now = refuse_disabled(_read_again(cloud, user))
    check_not_claimed(now)
    if now.last_request != call.current().request_id or call.current().tried_again:
        _check_not_young(now.taken_over, now)
    check_still_held(user, now)
    if _has_changed(user, now):
        raise _finishing(user)
    claimed = cloud.claim_user(user.id, purpose)
    if time.monotonic() - begun > SECONDS_TO_CLAIM:
        raise Unfinished(f"To claim user {user.shown_name} took too long. Repeat the request.")
    call.current().pause(SECONDS_TO_CLAIM + SECONDS_OF_MARGIN)
    now = _read_again(cloud, user)
    check_still_held(claimed, now)
    if now.claimed != claimed.claimed:
        raise Unfinished(f"A late try to claim user {user.shown_name} has replaced the last one. Repeat the request.")
    if _has_changed(user, now) or cloud.has_roles(user.id):
        cloud.unclaim_user(user.id)
        raise _finishing(user)


def _read_again(cloud: Connection, user: User) -> User:
    now = cloud.find_user_again(user)
    if now is None:
        raise KeystoneNotFound(
            f"User {user.shown_name} was removed while this request asked for it. Repeat the request."
        )
    return now


def _has_changed(user: User, now: User) -> bool:
    return (now.default_project_id, now.reported) != (user.default_project_id, user.reported)


def _finishing(user: User) -> Unfinished:
    return Unfinished(f"Another request is just finishing the sign-up of user {user.shown_name}. Repeat the request.")
