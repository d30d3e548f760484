"""README and docs: their links lead somewhere, and their counts are the verdicts'."""

import csv
import re
from pathlib import Path

import pytest

PAGES = [
    Path("README.md"),
    Path("CONTRIBUTING.md"),
    *sorted(Path("docs").rglob("*.md")),
]
# Folders whose files are all tracked, unlike those that a run makes.
TRACKED = "src|workflow|tests|tools|benchmarks|docs|envs|profiles"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page):
    for link in re.findall(
        r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")
    ):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_paths_that_a_page_names_exist(page):
    """Paths in backticks, except patterns such as NAME.py and files that a page creates.

    The content of such a file is a code block after the paragraph that names it.
    """
    paragraphs = page.read_text(encoding="utf-8").split("\n\n")
    created = set()
    for paragraph, following in zip(paragraphs, [*paragraphs[1:], ""], strict=True):
        paths = set(re.findall(rf"`((?:{TRACKED})/[\w./-]+)`", paragraph))
        if following.startswith("```"):
            created |= paths
        for path in paths - created:
            assert re.search("[A-Z]{4}", path) or Path(path).exists(), path


def rows(page) -> list[list[str]]:
    """The cells of all lines of a page's tables, without marks."""
    lines = Path(page).read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
        for line in lines
        if line.startswith("| ")
    ]


def test_reviewers_are_told_each_verdict_and_what_it_takes():
    """As the verdicts of the default experiment say them, in that order."""
    judged = [row for row in rows("docs/digits/verdicts.md") if len(row) == 8]
    judged = [row for row in judged if row[0] != "claim" and row[0].strip("-")]
    listed = [row for row in rows("docs/reviewers.md") if len(row) == 7][1:]
    assert len(judged) == len(listed) > 50
    for verdict, row in zip(judged, listed, strict=True):
        claim, runs, figure, minutes, gigabytes, expected, outcome = row
        assert [claim, runs, expected] == [*verdict[:2], verdict[4]]
        assert outcome.partition(":")[0] == verdict[7].partition(":")[0]
        assert Path(f"src/normscape/figures/{figure}.py").is_file()
        assert float(minutes) > 0 and float(gigabytes) > 0
    text = " ".join(Path("docs/reviewers.md").read_text(encoding="utf-8").split())
    assert f"It evaluates {len(judged)} claims" in text
    open_ = sum(row[7].startswith("open") for row in judged)
    assert f"{open_} of {len(judged)} are open" in text


def test_the_table_of_results_has_the_numbers_of_the_verdicts():
    """README's primary claims on the digits, as the default experiment's verdicts say them."""
    with open("docs/digits/verdicts.csv", encoding="utf-8") as file:
        verdicts = [row for row in csv.DictReader(file) if row["primary"]]
    text = Path("README.md").read_text(encoding="utf-8")
    effects = [f"{float(row['effect']):.2f}" for row in verdicts if row["seeds"] != "0"]
    assert len(effects) > 10
    for effect in effects:
        assert f" {effect} " in text, effect
