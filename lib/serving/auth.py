"""Who may call: whoever shows a token that is signed with the site's JWT_SECRET and is not an ordinary user's."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import jwt
from pydantic import SecretStr
from werkzeug.wrappers import Request

from lib import call, settings
from lib.call import context
from lib.call.masking import mask
from lib.errors import Unauthorized
from lib.settings.settings import Settings

# Seconds by which the clocks of the UI's host and this one may differ.
CLOCK_SKEW = 10
# Characters. The UI's tokens have about two hundred, and a longer one is not worth hashing.
LONGEST_TOKEN = 4096
# The same secret signs the tokens with which ordinary users of Concertim call its API. These claims tell them apart.
CLAIMS_OF_USERS = ("sub", "scp")

_REFUSALS: Mapping[type[Exception], str] = {
    jwt.InvalidSignatureError: "The token is not signed with this service's JWT_SECRET: compare it with the UI's.",
    jwt.ExpiredSignatureError: "The token has expired. If it is a new one, the clocks of the two hosts differ.",
    jwt.ImmatureSignatureError: "The token is not valid yet. If it is a new one, the clocks of the two hosts differ.",
    jwt.MissingRequiredClaimError: "The token never expires: it has no exp.",
    Exception: "The token is no JSON Web Token of HS256, or is meant for somebody else.",
}


def authenticate(request: Request) -> None:
    """Raises Unauthorized unless the request has the `Authorization` header of somebody who may call.

    UI v1.0.0 and later send `Bearer` and a token of HS256 with the claims iat, exp = iat + 60 and jti. The cluster
    builder sends a token with exp alone. Where the site has no JWT_SECRET, anybody may call.
    """
    ours, this = settings.current(), call.current()
    if ours.jwt_secret is None:
        this.token = context.NOT_NEEDED
        return
    claims, secret = _verified(_token_in(request.headers.get("Authorization", "")), ours)
    _check_claims(claims, ours.jwt_lifetime)
    this.token = context.GOOD_BY_PREVIOUS_SECRET if secret is ours.jwt_secret_previous else context.GOOD


def _token_in(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("Send the header Authorization: Bearer with a token signed with this service's JWT_SECRET.")
    call.current().token = context.NOT_GOOD
    if len(token) > LONGEST_TOKEN:
        raise Unauthorized("The token is too long to be one of Concertim's.")
    this = call.current()
    this.secrets.update([token])
    # Whoever tries out calls may have put the token into the path.
    this.function = mask(this.function)
    return token


def _verified(token: str, ours: Settings) -> tuple[dict[str, Any], SecretStr]:
    """Returns what the token claims, if a secret of ours has signed it and it is valid now, and that secret."""
    for secret in filter(None, (ours.jwt_secret, ours.jwt_secret_previous)):
        with suppress(jwt.InvalidSignatureError):
            return _claims_in(token, secret.get_secret_value()), secret
    raise _refusal(jwt.InvalidSignatureError())


def _claims_in(token: str, key: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=["HS256"], leeway=CLOCK_SKEW, options={"require": ["exp"]})
    except jwt.InvalidSignatureError:
        raise
    except (jwt.PyJWTError, RecursionError) as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> Unauthorized:
    why = next(sentence for kind, sentence in _REFUSALS.items() if isinstance(error, kind))
    return Unauthorized(why, detail=type(error).__name__)


def _check_claims(claims: dict[str, Any], lifetime: float) -> None:
    if any(claim in claims for claim in CLAIMS_OF_USERS):
        raise Unauthorized("The token is an ordinary user's. Only the Concertim UI and its cluster builder may call.")
    begin = claims.get("iat", time.time() + CLOCK_SKEW)
    if int(claims["exp"]) - int(begin) > lifetime:
        raise Unauthorized(
            "The token is valid for longer than the setting jwt_lifetime allows, or the clocks of the two hosts differ."
        )
