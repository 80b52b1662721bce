"""Why a file that an operator names cannot be read, and what helps."""

import os
from pathlib import Path


def why_unreadable(path: Path, error: OSError | UnicodeDecodeError) -> str:
    """Returns the reason in a few words for the operator."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    return _permission_needed(path) if isinstance(error, PermissionError) else str(error.strerror)


def why_unwritable(path: Path) -> str:
    """Returns why a log cannot be written to this file, in a few words for the operator, or an empty text."""
    if path.exists() and not path.is_file():
        return "is not a file"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    return "" if os.access(path if path.exists() else path.parent, os.W_OK) else f"uid {os.geteuid()} may not write it"


def _permission_needed(path: Path) -> str:
    """Returns the command that helps. The file has passwords of other services, so often only root may read it."""
    closed = next((folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK)), None)
    what, bits = (closed, "g+x") if closed else (path, "g+r")
    return (
        f"Permission denied for uid {os.geteuid()}, gid {os.getegid()};"
        f" as root: chgrp {os.getegid()} {what} && chmod {bits} {what}"
    )
