"""The files that hold the secrets of callers' tokens: which of them count, and what they hold now."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import SecretStr

from lib.settings import jwt_secret
from lib.settings.settings import Settings


class SecretFile(NamedTuple):
    """A file that holds a secret, by what names it: a setting or an environment variable."""

    field: str
    """The field of Settings that the secret goes to."""
    named_by: str
    name: str


def contradictions(files: Sequence[SecretFile], variable: str, secret: str | None) -> Iterator[str]:
    """Finds secrets that cannot be in force together: several current ones, or a previous one alone.

    The environment variable of this name may hold a secret, too.
    """
    current = [] if secret is None else [variable]
    for file in files:
        if file.field == "jwt_secret":
            if current:
                yield f"{file.named_by}: is given beside {current[0]}: leave one of them out"
            current.append(file.named_by.rpartition(" ")[2])
    for file in files:
        if file.field != "jwt_secret" and not current:
            yield f"{file.named_by}: is given without the secret that takes its place"


def with_secrets_in(files: Sequence[SecretFile], ours: Settings) -> Settings:
    """Returns the settings with the secrets that these files hold now. Raises ValueError with all that is wrong.

    A previous secret that is the current one is left out: then no exchange is under way.
    """
    secrets: dict[str, SecretStr | None] = {}
    problems = []
    for file in files:
        try:
            secrets[file.field] = SecretStr(jwt_secret.read(file.name))
        except ValueError as error:
            problems.append(f"{file.named_by}: {error}")
    if problems:
        raise ValueError("\n".join(problems))
    if secrets.get("jwt_secret", ours.jwt_secret) == secrets.get("jwt_secret_previous"):
        secrets["jwt_secret_previous"] = None
    return ours.model_copy(update=secrets) if secrets else ours
