"""The bill of materials (SBOM) of the image: every package that it has, with its version, in CycloneDX."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from lib import VERSION
from tests.support.service import ROOT
from tools.image.checks import expect, output_of
from tools.image.engine import IMAGE, TOOLS, Engine
from tools.image.pins import pinned, spelled

NAME = "concertim-user-handler"
BILL = ROOT / ".image" / f"{NAME}-{VERSION}.cdx.json"
# syft would ask a server for its newest release otherwise.
os.environ["SYFT_CHECK_FOR_APP_UPDATE"] = "false"


def write_bill(engine: Engine) -> None:
    """Writes it beside the base of the image, as docs/operations.md does, and compares it with what is in the image."""
    with TemporaryDirectory(prefix="archive-") as folder:
        archive = Path(folder, "image.tar")
        engine.run("save", f"--output={archive}", IMAGE)
        made = [f"--source-name={NAME}", f"--source-version={VERSION}", f"--output=cyclonedx-json={BILL}"]
        output_of([str(TOOLS / "syft"), f"docker-archive:{archive}", "--quiet", *made])
    bill = json.loads(BILL.read_text())
    of = bill["metadata"]["component"]
    expect((of["name"], of["version"]) == (NAME, VERSION), f"{BILL.relative_to(ROOT)} is of {NAME} {VERSION}")
    listed = engine.output(IMAGE, "dpkg-query", "--show", "--showformat=${Package}==${Version}\\n").split()
    debian = _of_kind(bill, "deb")
    expect(debian == {*listed}, f"it has the {len(debian)} packages of Debian's, and no others")
    wanted = pinned(ROOT / "requirements.txt")
    missing = wanted - {spelled(one) for one in _of_kind(bill, "pypi")}
    expect(not missing, f"it has the {len(wanted)} packages of requirements.txt {' '.join(missing)}".strip())


def _of_kind(bill: dict[str, list[dict[str, str]]], kind: str) -> set[str]:
    """Returns the packages of this kind in their package URLs, as name==version."""
    parts = bill["components"]
    return {f"{one['name']}=={one['version']}" for one in parts if one.get("purl", "").startswith(f"pkg:{kind}/")}
