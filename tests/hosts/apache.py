"""Apache, for the hosts that run in it: the configuration around that of docs/hosts.md, and why it is missing."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.hosts.rows import APACHE, Host

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# Debian keeps it in a folder that is only in root's PATH.
PROGRAM = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin")
MODULES = Path("/usr/lib/apache2/modules")
# An Apache that root starts serves as a system user, who may not read what root has checked out. In a user namespace
# of its own it takes root for an ordinary user, and does not change to another.
AS_WHO_IT_IS = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []

AROUND = """\
ServerName localhost
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile apache2.pid
ErrorLog error.log
Mutex file:{folder}
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule env_module {modules}/mod_env.so
LoadModule {module}_module {modules}/mod_{module}.so
"""


def complete(folder: Path, port: int) -> None:
    """Puts what any Apache needs in front of the lines of docs/hosts.md."""
    file = folder / "apache2.conf"
    ours = file.read_text()
    module = "wsgi" if "WSGI" in ours else "cgid"
    own = f"ScriptSock {folder}/cgid\n"
    if module == "wsgi":
        own = f"WSGISocketPrefix {folder}/wsgi\n"
        _remake_environment(folder / "venv")
    file.write_text(AROUND.format(folder=folder, port=port, modules=MODULES, module=module) + own + ours)


def _remake_environment(venv: Path) -> None:
    """Makes an environment of Debian's Python, which mod_wsgi is built with, that has the same packages."""
    packages = venv.resolve() / f"lib/python{VERSION}/site-packages"
    venv.unlink()
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", venv], check=True)
    (venv / f"lib/python{VERSION}/site-packages/packages.pth").write_text(f"{packages}\n")


def why_not(host: Host) -> str:
    """Returns why this host cannot run in Apache here, or an empty text if it can or needs none."""
    if host.command != APACHE:
        return ""
    if "WSGI" in host.files["apache2.conf"] and not (MODULES / f"mod_wsgi.so-{VERSION}").exists():
        return f"Apache's mod_wsgi is not there, or is for another Python than {VERSION}"
    return _why_no_apache()


@cache
def _why_no_apache() -> str:
    if not PROGRAM:
        return "there is no Apache: as root on Debian, `make hosts` installs it"
    if AS_WHO_IT_IS and subprocess.run([*AS_WHO_IT_IS, "true"], capture_output=True, check=False).returncode:
        return "Apache would not serve as root, and namespaces of users are not to be had"
    return ""
