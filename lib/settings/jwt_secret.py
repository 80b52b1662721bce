"""The secret that callers' tokens are signed with: what a good one is, and how it is read from a file of its own."""

from pathlib import Path

from lib.settings.files import why_unreadable

# Bytes. A shorter key of HS256 can be guessed from a single token (RFC 7518 asks for as many as the hash has).
SHORTEST_SECRET = 32
# Bytes. A file that is longer is another one.
LONGEST_FILE = 64 * 1024


def read(name: str) -> str:
    """Returns the secret in the file of this name. Raises ValueError with what is wrong with it."""
    path = Path(name)
    if not path.is_absolute() or any(character.isspace() for character in name):
        # The message does not quote it, as it may be the secret itself.
        raise ValueError("must be the absolute path of a file, not the secret itself")
    try:
        # To read a FIFO that nobody writes to would hang.
        if path.exists() and not path.is_file():
            raise ValueError("is no file")
        with path.open("rb") as file:
            data = file.read(LONGEST_FILE + 1)
        if len(data) > LONGEST_FILE:
            raise ValueError("is too long to hold the secret alone")
        return checked(data.decode("utf-8-sig"))
    except FileNotFoundError as error:
        # A secret may begin with a slash, too. What is in a folder that exists is a name.
        if path.parent == Path("/") or not path.parent.is_dir():
            raise ValueError("there is no file of this name") from None
        raise ValueError(f"{path}: {error.strerror}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {why_unreadable(path, error)}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def checked(text: str) -> str:
    """Returns the secret without the white space around it. Raises ValueError if it protects nothing."""
    secret = text.strip()
    try:
        size = len(secret.encode())
    except UnicodeEncodeError:
        raise ValueError("is not UTF-8 text") from None
    if size < SHORTEST_SECRET:
        raise ValueError(
            f"has {size} bytes, and at least {SHORTEST_SECRET} are needed: set a longer secret here and in the"
            " Concertim UI (openssl rand -hex 32)"
        )
    if secret.startswith("JWT_SECRET="):
        # The playbook of Concertim keeps it like this, in a file for the environment of containers.
        raise ValueError("must hold the secret alone, without JWT_SECRET= before it")
    if len(secret.splitlines()) > 1:
        raise ValueError("must hold the secret alone, in one line")
    return secret
