"""A small Debian as the base of the image, made on this machine where there is no registry to pull one from."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.service import ROOT
from tools.image.checks import output_of

# It is made once and kept, as it takes half a minute. `make clean` removes it.
BASE = ROOT / ".image" / "base.tar"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def base(folder: Path) -> Path:
    """Returns a Debian with Python as a tar file, which is made in this folder unless there is one already."""
    if BASE.exists():
        return BASE
    print("Making a Debian base, as there is no registry to pull one from", flush=True)
    made, pip = folder / "base.tar", folder / "pip.conf"
    pip.write_text(_pip_configuration())
    command = ["mmdebstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates"]
    for here, there in ((CERTIFICATES, CERTIFICATES), (pip, "/etc/pip.conf")):
        command.append(f"--customize-hook=upload {here} {there}")
    output_of([*command, "bookworm", str(made)])
    BASE.parent.mkdir(exist_ok=True)
    shutil.move(made, BASE)
    return BASE


def _pip_configuration() -> str:
    """Lets pip in the image reach its registry as it does on this machine."""
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    index = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return f"[global]\ncert = {CERTIFICATES}\n" + (f"index-url = {index}\n" if index else "")
