"""The pages that show measured figures, and how these get into them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.service import ROOT
from tools.bench import report, scale_report

DOCS = ROOT / "docs"
BEGIN, END = "<!-- Written by make bench: begin -->\n", "<!-- Written by make bench: end -->\n"


@dataclass(frozen=True)
class Page:
    """A page with figures."""

    path: Path
    results: str
    """The name of the file that has every single figure. It lies beside the page."""
    section: Callable[[Mapping[str, Any]], str]
    """Returns what the page shows of the figures."""
    picture: str = ""
    """The name of a picture of them, if there is one."""

    def with_figures(self, measured: Mapping[str, Any]) -> str:
        """Returns the text of the page with these figures in place of those before."""
        before, _, rest = self.path.read_text().partition(BEGIN)
        return f"{before}{BEGIN}{self.section(measured)}{END}{rest.partition(END)[2]}"


# By what is measured.
PAGES = {
    "performance": Page(DOCS / "performance.md", "bench.json", report.section, "bench.svg"),
    "scale": Page(DOCS / "scale.md", "scale.json", scale_report.section),
}
