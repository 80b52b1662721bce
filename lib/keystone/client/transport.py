"""What every HTTP call to Keystone carries, and how its answer is read: within the call's time, and within bounds."""

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import requests
from keystoneauth1.session import TCPKeepAliveAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from lib import call, settings
from lib.call import log, metrics
from lib.call.once import Once
from lib.errors import NotKeystone
from lib.keystone.client import answers
from lib.keystone.client.errors import LONGEST_REQUEST_ID, NO_KEYSTONE, REQUEST_ID
from lib.keystone.client.sockets import POOLS, cancelled_in_time

# Keystone is on this host or beside it. One that takes longer to accept a connection is down.
CONNECT_SECONDS = 5
# A new sign-up makes at most so many calls in parallel by default: four grants, and the default project.
CALLS_IN_PARALLEL = 5
# To how many Keystones connections are cached. A site has one, or a few.
KEYSTONES = 32
# Bytes. The longest answer that we ask for is the list of a user's roles, with some hundred for each role.
LONGEST_ANSWER = 4 * 1024 * 1024
# Bytes. The roles of 100,000 users and their projects have 160 million. A list is not kept as a whole.
LONGEST_LIST = 256 * 1024 * 1024
# Bytes. Without a bound, the room for all that is still to come would be taken for each piece.
PIECE = 64 * 1024
# Characters. Tokens of Fernet and of JWS have some hundred.
LONGEST_TOKEN = 8192


Take = Callable[[bytes], object]


class Transport(TCPKeepAliveAdapter):
    """Gives every call to Keystone, log-ins included, the time that is left and the id of the request it is for."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_connections=KEYSTONES, pool_maxsize=connections)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(
        self, request: requests.PreparedRequest, *args: Any, take: Take | None = None, **kwargs: Any
    ) -> requests.Response:
        """Sends the call. `take` gets the body of a success in pieces, in place of the answer."""
        this = call.current()
        left = this.seconds_left()
        this.last_asked = f"{request.method} {str(request.url).partition('?')[0]}"
        request.headers["X-OpenStack-Request-ID"] = this.request_id
        # A few bytes of a compressed answer may unpack to gigabytes.
        request.headers["Accept-Encoding"] = "identity"
        # Streamed, as a time-out only bounds the wait for the next byte.
        limits = {"timeout": (min(CONNECT_SECONDS, left), left), "stream": True}
        begun = time.monotonic()
        try:
            with cancelled_in_time():
                answer = _read(super().send(request, *args, **{**kwargs, **limits}), take)
        except Exception:
            _note(request, None, begun)
            raise
        _note(request, answer, begun)
        # Keystone may quote a token in what it says later.
        used, issued = request.headers.get("X-Auth-Token"), answer.headers.get("X-Subject-Token")
        this.secrets.update(str(token) for token in (used, issued) if token)
        this.fresh_tokens.update(str(token) for token in (issued,) if token)
        answers.check(answer)
        return answer


def _note(request: requests.PreparedRequest, answer: requests.Response | None, begun: float) -> None:
    """Counts this call to Keystone, and keeps what the log has of it at level DEBUG."""
    if not metrics.are_counted() and not log.tells_keystone_calls():
        return
    # scheme://host/path?query, as requests has checked it. urlsplit would take as long as all else here.
    path = "/" + str(request.url).partition("?")[0].split("/", 3)[3]
    method, taken = str(request.method), time.monotonic() - begun
    status = str(answer.status_code) if answer is not None else "no answer"
    metrics.keystone_answered(method, path, status, taken)
    known_as = answer.headers.get(REQUEST_ID, "") if answer is not None else ""
    log.asked_keystone(method, path, status, taken, known_as[:LONGEST_REQUEST_ID])


def verified_with() -> bool | str:
    """Returns what requests take for `verify`: a file of certificates, or whether to verify with those of requests."""
    ours = settings.current()
    return not ours.insecure and (str(ours.cacert or "") or True)


@Once
def transport() -> Transport:
    """Returns the one transport of this process. All calls share its cached connections."""
    return Transport(settings.current().max_concurrent_requests * CALLS_IN_PARALLEL)


def _read(answer: requests.Response, take: Take | None = None) -> requests.Response:
    """Returns the answer with its whole body, which may trickle in for no longer than the call's time.

    `take` gets the body of a success in pieces. The answer then has none.
    """
    body, length = bytearray(), 0
    streamed = take if answers.is_success(answer) else None
    longest = LONGEST_LIST if streamed else LONGEST_ANSWER
    try:
        compressed = answer.headers.get("Content-Encoding", "identity") != "identity"
        if compressed or len(answer.headers.get("X-Subject-Token", "")) > LONGEST_TOKEN:
            raise NotKeystone(NO_KEYSTONE, detail="answered packed, or with a token longer than Keystone's are")
        while piece := answer.raw.read1(PIECE, decode_content=False):
            length += len(piece)
            if length > longest:
                raise NotKeystone(NO_KEYSTONE, detail=f"answered with more than {longest} bytes")
            (streamed or body.extend)(piece)
            call.current().seconds_left()
        answer.raw.release_conn()
    except HTTPError as error:
        # requests would raise the same, and keystoneauth understands it.
        raise requests.ConnectionError(error) from error
    finally:
        answer.close()
    # The answer's own encoding is ignored: some take hours to decode.
    answer.encoding = "utf-8"
    answer.raw = HTTPResponse(BytesIO(body), preload_content=False, version=answer.raw.version)
    return answer
