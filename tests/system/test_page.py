"""The results page of the tiny experiment, in a real browser; and the comparison's."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import apt
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tools.project import copy_tree, environment

pytestmark = pytest.mark.slow

CHROMIUM = Path("/usr/bin/chromium")
PHONE, DESKTOP = {"width": 380, "height": 800}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def chromium():
    """A headless browser; Debian's, installed where it is not there."""
    if not CHROMIUM.exists():
        if not apt.can_install():
            pytest.skip("there is no Chromium, nor apt and root to install it")
        apt.install("chromium")
    flags = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def compared(finished, tmp_path_factory):
    """The page on the tiny experiment beside one in which BatchNorm fares worse."""
    folder = copy_tree(finished, tmp_path_factory.mktemp("compared") / "project")
    other = copy_tree(folder / "results/tiny", folder / "results/other")
    for name, change in (("verdicts.csv", worse_verdicts), ("history.csv", more_loss)):
        path = other / name if name == "verdicts.csv" else other / "tables" / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = compare(folder, "results/tiny", "results/other")
    assert done.returncode == 0, done.stderr
    return folder / "results/tiny-and-other.html", done.stdout


def worse_verdicts(text):
    """The first open verdict of those with runs is another."""
    rows = list(csv.DictReader(io.StringIO(text)))
    row = next(r for r in rows if r["verdict"] == "open" and r["seeds"] != "0")
    assert row["comparison"] != "same loss"
    row.update(verdict="opposite", reason="")
    changed = io.StringIO()
    writer = csv.DictWriter(changed, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return changed.getvalue()


def more_loss(text):
    head, *rows = text.splitlines(keepends=True)
    for i, row in enumerate(rows):
        cells = row.split(",")
        if cells[:2] == ["vgg", "batch"]:
            rows[i] = ",".join([*cells[:5], "1000", *cells[6:]])
    return "".join([head, *rows])


def compare(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "tools.compare", *arguments],
        cwd=folder,
        env=environment() | {"PYTHONPATH": "src"},
        capture_output=True,
        encoding="utf-8",
    )


@pytest.fixture
def opened(chromium):
    """opened(path, size, ...): the page in the browser, with what went wrong as ``faults``."""
    contexts = []

    def open_page(path, size=DESKTOP, **options):
        context = chromium.new_context(viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda output: page.faults.append(output.text))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "request",
            lambda request: (
                page.faults.append(request.url)
                if not request.url.startswith(("file:", "data:", "blob:"))
                else None
            ),
        )
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector("#chart svg")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def index(finished):
    return finished / "results/tiny/index.html"


def problems(page):
    """What the accessibility checker finds serious."""
    actual = Axe().run(page).response["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in actual
        if each["impact"] in ("serious", "critical")
    ]


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_it_loads_without_a_fault_or_the_network(index, opened):
    page = opened(index)
    assert page.faults == []
    assert "Why does normalisation help optimisation?" in page.inner_text("h1")
    # The tiny experiment has no other learning rate.
    answers = page.inner_text(".answer")
    assert "Is training faster with BatchNorm?" in answers
    assert "larger learning rates" not in answers


def test_each_verdict_leads_to_its_figure(index, opened, finished):
    page = opened(index)
    links = page.query_selector_all("#verdicts tbody a")
    with open(finished / "results/tiny/verdicts.csv", encoding="utf-8") as file:
        judged = [
            row
            for row in csv.DictReader(file)
            if row["comparison"] != "same loss"
            and row["reason"] != "not in this experiment"
        ]
    assert len(links) == len(judged) > 10
    for link, row in zip(links, judged, strict=True):
        figure = link.get_attribute("href").removeprefix("#")
        assert row["figure"] == figure
        assert page.query_selector(f"figure#{figure} img")
    links[0].click()
    page.wait_for_function("scrollY > 0")


def test_each_figure_says_what_it_shows(index, opened, finished):
    page = opened(index)
    figures = page.query_selector_all("#figures figure")
    drawn = list((finished / "results/tiny/figures").glob("*.png"))
    assert len(figures) == len(drawn) - 2  # two have their own sections
    for figure in figures:
        alt = figure.query_selector("img").get_attribute("alt")
        assert alt.startswith("Figure ")
        assert len(alt.split(". ")) > 1
        assert figure.query_selector("img").evaluate("image => image.naturalWidth") > 0
        for link in figure.query_selector_all("a"):
            path = index.parent / link.get_attribute("href")
            assert path.resolve().is_file(), path
    figure = page.query_selector("#fig01_training_curves")
    assert "faster with BatchNorm than without" in figure.inner_html()


def test_it_says_how_it_was_made(index, opened, finished):
    page = opened(index)
    making = page.inner_text("#making")
    assert "train_vgg" in making
    assert "torch" in making
    page.click("summary >> text=Time and peak memory")
    assert "vgg" in page.inner_text("#making details table")
    page.click("summary >> text=The resolved config")
    assert "learning_rates" in page.inner_text("#making pre")


def curves(page):
    """The lines that the chart draws, as their paths."""
    return page.evaluate(
        "[...document.querySelectorAll('#chart .mark-line path')].map(p => p.getAttribute('d'))"
    )


def wait_for_change(page, act):
    before = page.inner_html("#chart")
    act()
    page.wait_for_function(
        "before => document.getElementById('chart').innerHTML !== before"
        " && document.querySelector('#chart .mark-line path')",
        arg=before,
    )


def test_the_explorer_changes_the_curves(index, opened):
    page = opened(index)
    first = curves(page)
    assert len(first) == 2
    wait_for_change(page, lambda: page.uncheck("input[value=none]"))
    assert len(curves(page)) == 1
    wait_for_change(page, lambda: page.select_option("#quantity", "accuracy"))
    assert curves(page)[0] not in first
    assert "Training accuracy" in page.inner_text("#values")
    wait_for_change(page, lambda: page.check("input[value=dln]"))
    assert "BatchNorm, lr 1e-06" in page.inner_text("#values")
    assert page.faults == []


def test_the_explorer_shows_values_under_the_pointer(index, opened, finished):
    page = opened(index)
    page.hover("#chart svg", position={"x": 300, "y": 200})
    page.wait_for_selector("#vg-tooltip-element.visible")
    tooltip = page.inner_text("#vg-tooltip-element")
    value = re.search(r"mean\s*([\d.]+)", tooltip).group(1)
    history = (finished / "results/tiny/tables/history.csv").read_text(encoding="utf-8")
    step = re.search(r"step\s*(\d+)", tooltip).group(1)
    norm = {"No": "none", "BatchNorm": "batch"}[
        re.search(r"curve\s*(\w+)", tooltip).group(1)
    ]
    rows = [line.split(",") for line in history.splitlines()]
    losses = [float(r[5]) for r in rows if r[:2] == ["vgg", norm] and r[4] == step]
    assert float(value) == pytest.approx(sum(losses) / len(losses), rel=1e-3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_anyone_can_read_it(index, opened, size, scheme):
    page = opened(index, size, color_scheme=scheme)
    assert overflow(page) <= 0
    assert problems(page) == []


def test_all_but_the_explorer_works_without_javascript(index, opened):
    page = opened(index, java_script_enabled=False)
    text = page.inner_text("main")
    assert "The explorer needs JavaScript" in text
    assert "faster with BatchNorm than without" in text


def test_the_comparison(compared, opened):
    path, output = compared
    assert re.search(r"^1 of \d+ verdicts differ$", output, re.MULTILINE)
    assert re.search(r"loss +\| vgg +\| batch", output)
    page = opened(path)
    assert page.faults == []
    assert page.inner_text("#verdicts tbody tr.differs").count("opposite") == 1
    assert len(curves(page)) == 4
    assert problems(page) == []
    phone = opened(path, PHONE)
    assert overflow(phone) <= 0


def test_a_folder_that_is_no_experiment(finished):
    done = compare(finished, "results/tiny", "results/none")
    assert done.returncode == 1
    assert done.stderr.startswith("compare.py: ")
    assert "results/none/verdicts.csv" in done.stderr
    assert done.stderr.count("\n") == 1
