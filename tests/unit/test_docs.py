"""README and docs: their links lead somewhere, and their counts are the verdicts'."""

import re
from pathlib import Path

import pytest

PAGES = [Path("README.md"), *sorted(Path("docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


def test_counts_are_those_of_the_default_experiments_verdicts():
    first = Path("docs/digits/verdicts.md").read_text().splitlines()[0]
    reproduced, refuted, undecided = map(int, re.findall(r"\d+", first))
    after_holm = re.search(
        rf'(\d+) of {reproduced} verdicts "reproduced"',
        Path("docs/digits/verdicts.md").read_text(),
    )[1]
    for page in ("README.md", "docs/results.md"):
        text = Path(page).read_text().replace("\n", " ")
        assert re.search(
            rf"{reproduced} reproduced \({after_holm} of them also [^)]*\), "
            rf"{refuted} not, {undecided} inconclusive",
            text,
        ), page
