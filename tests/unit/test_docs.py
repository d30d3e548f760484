"""README and docs: their links lead somewhere, and their counts are the verdicts'."""

import csv
import math
import re
from pathlib import Path

import pytest
import torch

from normscape import components
from normscape.claims.quantities import QUANTITIES
from normscape.pipeline import catalogue, config_files, grid
from normscape.pipeline.config import checked
from tools import reviewers

PAGES = [
    Path("README.md"),
    Path("CONTRIBUTING.md"),
    *sorted(Path("docs").rglob("*.md")),
]
# Folders whose files are all tracked, unlike those that a run makes.
TRACKED = "src|workflow|tests|tools|benchmarks|docs|envs|profiles"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    for link, section in links:
        if not link.startswith("http"):
            linked = page.parent / link if link else page
            assert linked.exists(), link
            assert not section or section in sections(linked), f"{link}#{section}"


def sections(page: Path) -> set[str]:
    """The names of its headings in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


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


def test_the_page_of_claims_has_each_verdict_and_what_it_takes():
    """As the verdicts of the default experiment say them, in that order."""
    judged = [row for row in rows("docs/digits/verdicts.md") if len(row) == 8]
    judged = [row for row in judged if row[0] != "claim" and row[0].strip("-")]
    listed = [row for row in rows("docs/digits/claims.md") if len(row) == 7][1:]
    assert len(judged) == len(listed) > 50
    for verdict, row in zip(judged, listed, strict=True):
        claim, runs, figure, minutes, gigabytes, expected, outcome = row
        assert [claim, runs, expected] == [*verdict[:2], verdict[4]]
        assert outcome.partition(":")[0] == verdict[7].partition(":")[0]
        assert Path(f"src/normscape/figures/{figure}.py").is_file()
        assert float(minutes) > 0 and float(gigabytes) > 0
    page = Path("docs/digits/claims.md").read_text(encoding="utf-8")
    assert page.startswith(f"{reviewers.PAGE}\n{reviewers.HEADER}\n")


def test_the_pages_count_the_verdicts():
    actual = [
        row["verdict"]
        for row in verdicts("digits/verdicts")
        if row["comparison"] != "same loss"
    ]
    names = ("as claimed", "opposite", "open", "right direction, size open")
    counts = {name: actual.count(name) for name in names}
    text = " ".join(Path("docs/digits/README.md").read_text(encoding="utf-8").split())
    total = sum(counts.values())
    claimed, opposite, open_, size_open = counts.values()
    assert (
        f"Of {total} claims {claimed} are as claimed, {opposite} are opposite, {open_} are"
        f" open, and for {size_open} the direction is right and the size open" in text
    )
    note = Path("docs/digits/verdicts.md").read_text(encoding="utf-8")
    corrected = re.findall(r'"([^"]+)": (\d+) of (\d+) ', note)
    holm = {
        verdict: (int(number) - int(kept), number)
        for verdict, kept, number in corrected
    }
    assert (
        "{} of the {} secondary claims that are as claimed miss 2.5%, and {} of the {} that"
        " are opposite".format(*holm["as claimed"], *holm["opposite"])
        in text
    )
    text = Path("docs/reviewers.md").read_text(encoding="utf-8")
    assert f"evaluates {total} claims" in " ".join(text.split())


NEW_CIFAR10 = "cifar10/verdicts-seeds-50-to-55"


def verdicts(name) -> list[dict]:
    """The verdicts of an experiment whose runs it has, of a file such as "digits/verdicts"."""
    with open(f"docs/{name}.csv", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["seeds"] != "0"]


MARKS = {
    "as claimed": "✓",
    "right direction, size open": "(✓)",
    "smaller than claimed": " (less)",
    "open": "?",
}
PRIMARY = [
    "Training is faster",
    "Training is faster, with noise after BatchNorm",
    "ICS is no smaller (cosine)",
    "ICS is no smaller (L2)",
    "Gradients are more predictive",
    "Larger steps lower the loss",
]


def marked(row) -> str:
    """An effect with its mark, as README's legend explains it."""
    reaches_into_the_range = (
        row["above"] and float(row["high"]) > float(row["above"])
    ) or (row["below"] and float(row["low"]) < float(row["below"]))
    opposite = "(✗)" if reaches_into_the_range else "✗"
    return f"{float(row['effect']):.2f}" + MARKS.get(row["verdict"], opposite)


def test_the_table_of_results_has_the_numbers_of_the_verdicts():
    """README's primary claims: each cell has the effects and marks of its verdicts."""
    text = Path("README.md").read_text(encoding="utf-8").split("\n## Results\n")[1]
    table = [line for line in text.splitlines() if line.startswith("|")][2:8]
    digits = ["digits/verdicts", "digits/verdicts-seeds-50-to-55"]
    columns = [
        *((digits, each) for each in ("same step", "same loss", "same function")),
        *(([NEW_CIFAR10], each) for each in ("same step", "same loss")),
        (["same-function/verdicts"], "same function"),
    ]
    effects = {}
    for name in {name for names, _ in columns for name in names}:
        for row in verdicts(name):
            # Training from a checkpoint starts at the same function.
            trained_on = row["model"].startswith("vgg_from_")
            comparison = "same function" if trained_on else row["comparison"]
            if row["model"].startswith("vgg"):
                effects.setdefault((name, row["primary"], comparison), marked(row))
    for line, primary in zip(table, PRIMARY, strict=True):
        cells = [cell.strip().replace("≥", "") for cell in line.split("|")[3:-1]]
        for cell, (experiments, comparison) in zip(cells, columns, strict=True):
            found = (effects.get((name, primary, comparison)) for name in experiments)
            expected = filter(None, found)
            assert cell == ", ".join(expected), (primary, comparison)


# The rows and columns of the results' table of the landscape. The paper's numbers have other
# sources.
LANDSCAPE = {
    "loss variation": "loss_range",
    "loss variation / decrease predicted by the gradient": "relative_loss_range",
    "gradient change": "gradient_change",
    "gradient change / norm": "relative_gradient_change",
    "effective β-smoothness": "effective_beta",
    "gradient norm": "probed_gradient_norm",
    "reach along the gradient": "reach",
}
COLUMNS = {
    3: (NEW_CIFAR10, "same step"),
    4: (NEW_CIFAR10, "same loss"),
    5: ("same-function/verdicts", "same function"),
    6: ("digits/verdicts", "same step"),
    7: ("digits/verdicts", "same loss"),
    8: ("digits/verdicts", "same function"),
}


def test_results_have_the_landscapes_numbers():
    table = {row[0]: row for row in rows("docs/results.md") if row[0] in LANDSCAPE}
    assert [*table] == [*LANDSCAPE]
    for label, quantity in LANDSCAPE.items():
        for column, (experiment, comparison) in COLUMNS.items():
            effects = [
                f"{float(row['effect']):.2f}"
                for row in verdicts(experiment)
                if (row["quantity"], row["comparison"]) == (quantity, comparison)
                and (row["model"], row["subject"]) == ("vgg", "batch")
                and row["reference"] in ("none", "as_trained")
            ]
            assert [table[label][column - 1].lstrip("≥ ")] == (effects or [""]), label


def test_results_count_the_verdicts_by_topic():
    names = ["as claimed", "right direction, size open", "opposite", "open"]
    later = {claim_of(row): row for row in verdicts("digits/verdicts-seeds-50-to-55")}
    for topic in ("training", "shift", "landscape", "same function"):
        judged = [
            row
            for row in verdicts("digits/verdicts")
            if row["topic"] == topic.replace(" ", "_")
            and row["comparison"] != "same loss"
        ]
        actual = [row["verdict"] for row in judged]
        counts = [str(actual.count(name)) for name in names]
        same = sum(later[claim_of(row)]["verdict"] == row["verdict"] for row in judged)
        expected = [topic, *counts, f"{same} of {len(judged)}"]
        assert expected in rows("docs/results.md")


def claim_of(row) -> tuple[str, ...]:
    return tuple(row[key] for key in ("claim", "model", "subject", "comparison"))


def test_concepts_name_every_quantity_and_component():
    text = Path("docs/concepts.md").read_text(encoding="utf-8")
    names = set(QUANTITIES)
    for kind in ("norms", "models", "datasets"):
        names |= {*components.names(kind)}
    assert names <= {*re.findall(r"`(\w+)`", text)}


def test_outputs_list_each_figure_with_its_tables():
    listed = dict(
        cell.replace("`", "").split(": ")
        for number, _, cell in (row for row in rows("docs/outputs.md") if len(row) == 3)
        if number.isdigit()
    )
    scripts = Path("src/normscape/figures").glob("fig*.py")
    assert listed == {s.stem: ", ".join(catalogue.tables_of(s)) for s in scripts}


def test_the_complete_examples_of_experiments_run(tmp_path):
    text = Path("docs/experiments.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    runs = []
    for example in [e for e in examples if re.search("^name:", e, re.MULTILINE)]:
        (tmp_path / "my.yaml").write_text(example, encoding="utf-8")
        config = config_files.read([Path("config.yaml"), tmp_path / "my.yaml"])
        runs.append({*grid.cells(checked(config))})
    seeds, rates = runs
    assert {c.seed for c in seeds} == {*range(40, 48)}
    assert {(c.model, c.lr) for c in rates} == {("vgg", "0.05")}


def test_readme_is_short():
    assert len(Path("README.md").read_text(encoding="utf-8").split()) <= 800


def test_readmes_example_runs():
    text = Path("README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(example, names)
    assert len(names["shift"]) == 2 and len(names["landscape"]) == 1
    assert names["with_norm"] is not names["plain"]
    torch.testing.assert_close(
        names["with_norm"](*names["batch"]), names["plain"](*names["batch"])
    )


@pytest.mark.parametrize(
    ("page", "experiments"),
    [
        (
            "docs/results.md",
            [
                "digits/verdicts",
                "digits/verdicts-seeds-50-to-55",
                "same-function/verdicts",
                NEW_CIFAR10,
            ],
        ),
        ("docs/same-function.md", ["digits/verdicts", "same-function/verdicts"]),
        ("docs/cifar10/README.md", ["cifar10/verdicts", NEW_CIFAR10]),
        ("docs/zoo/README.md", ["zoo/verdicts", "zoo/verdicts-seeds-60-to-65"]),
    ],
)
def test_intervals_in_tables_are_those_of_verdicts(page, experiments):
    """In tables with verdicts or claimed ranges, as far as their digits go."""
    intervals = [
        [float(row[key]) for key in ("effect", "low", "high")]
        for experiment in experiments
        for row in verdicts(experiment)
        if row["low"]
    ]
    number = r"(-?(?:[\d.]+|∞))"
    checked, header = 0, ""
    for line in Path(page).read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            header = ""
            continue
        header = header or line
        if not re.search("verdict|claimed", header) or "no claim" in line:
            continue
        for actual in re.findall(rf"{number} \[{number}, {number}\]", line):
            assert any(
                all(rounds_to(*pair) for pair in zip(row, actual, strict=True))
                for row in intervals
            ), (line, actual)
            checked += 1
    assert checked > 5


def rounds_to(value: float, text: str) -> bool:
    if math.isinf(value) or "∞" in text:
        return math.isinf(value) and "∞" in text
    digits = len(text.partition(".")[2])
    return abs(value - float(text)) <= 0.5001 * 10**-digits
