"""The list of users and projects as one HTML page, which needs no other file and no network."""

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader

from lib import VERSION

# The template, its style sheet and its script.
_FOLDER = Path(__file__).parent / "page"


def write_page(body: Mapping[str, Any], auth_url: str, out: BinaryIO) -> None:
    """Writes the body of an answer of list_user_projects as a page in UTF-8, and leaves `out` open.

    The page is written while it is made, so that a long list takes no more memory than a short one.
    """
    made = _template().generate(
        **body,
        problems=_entries_by_problem(body),
        cloud=urlsplit(auth_url).netloc.rpartition("@")[2],
        version=VERSION,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    # JSON can hold half of a surrogate pair, which UTF-8 cannot.
    text = TextIOWrapper(out, "utf-8", errors="backslashreplace", newline="")
    try:
        text.writelines(made)
    finally:
        text.detach()


def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    environment.filters |= {"utc": _utc, "hash": _hash}
    environment.globals |= {kind: (_FOLDER / f"mapping.{kind}").read_text("utf-8") for kind in ("css", "js")}
    return environment.get_template("mapping.html")


def _entries_by_problem(body: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Returns each code of a problem with how many entries have it, the most frequent first."""
    codes = Counter(code for entry in body["entries"] for code in {one["code"] for one in entry.get("problems", ())})
    return sorted(codes.items(), key=lambda one: (-one[1], one[0]))


def _utc(time: str) -> str:
    """Returns a time to be read by people. What is no time is returned as it is: anybody may have written it."""
    try:
        return datetime.fromisoformat(time).astimezone(UTC).isoformat(" ", "seconds").removesuffix("+00:00")
    except (ValueError, OverflowError):
        return time


def _hash(text: str) -> str:
    """Returns how a Content-Security-Policy names a script or a style sheet that is in the page itself."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
