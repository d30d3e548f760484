"""The walks of docs/extend.md, verbatim: what each adds, and what it leaves alone."""

import contextlib
import re
import zlib
from pathlib import Path

import pandas as pd
import pytest
import yaml

from project import TINY, planned, run, shared, snakemake, starting
from tools.project import copy_of_project, copy_tree

PAGE = Path("docs/extend.md").read_text(encoding="utf-8")

# What the walk adds to Figure 3 and the page, besides that all of it runs.
WALKS = {
    "A normaliser": 4,
    "A network with a data set of its own": 4,
    "A probe": 3,
    "An optimiser": 2,
    "A figure": 1,
    "A claim": 1,
}
# Walks that run in one project: those that train, and those that do not.
TOGETHER = [tuple(WALKS)[:2] + ("An optimiser",), ("A probe", "A figure", "A claim")]


# To this file a walk adds a function; all others are new.
QUANTITIES = "src/normscape/claims/quantities.py"


def walk(title: str) -> tuple[dict[str, str], str]:
    """The files of a section by path, and what it changes in the config."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    blocks = re.split(r"```(?:python|yaml)\n(.*?)```", section, flags=re.DOTALL)
    files, config = {}, "{}"
    for before, block in zip(blocks[::2], blocks[1::2], strict=False):
        path = re.findall(r"`((?:src|workflow)/\S+\.\w+)`", before.split("\n\n")[-2])
        if path:
            files[path[-1]] = block
        else:
            config = block
    return files, config


def extend(folder: Path, *titles: str) -> str:
    """Write the walks' files into a project; the names of its configs."""
    configs = [TINY]
    for number, title in enumerate(titles):
        files, config = walk(title)
        assert len(files) == WALKS[title]
        for path, content in files.items():
            with (folder / path).open("a" if path == QUANTITIES else "x") as file:
                file.write(content)
        configs.append(f"walk{number}.yaml")
        (folder / configs[-1]).write_text(config, encoding="utf-8")
    return " ".join(configs)


def extended(finished, folder, *titles) -> str:
    """Give a project finished results and then the walks; the names of its configs."""
    copy_tree(finished / "results", folder / "results")
    copy_tree(finished / ".snakemake", folder / ".snakemake")
    return extend(folder, *titles)


@pytest.fixture
def walked(finished, tmp_path_factory):
    """walked(title): the experiment after the walk and those that go with it; not to be changed."""

    def walk_once(titles):
        def make(folder):
            config = extended(finished, folder, *titles)
            run(folder, config=config)
            assert planned(folder, config) == []

        return shared(tmp_path_factory, f"walk{TOGETHER.index(titles)}", make)

    return lambda title: walk_once(next(each for each in TOGETHER if title in each))


def names_of(title: str) -> list[str]:
    """The components and models that a walk adds."""
    files, config = walk(title)
    models = (yaml.safe_load(config) or {}).get("models", {})
    had = yaml.safe_load(Path(TINY).read_text(encoding="utf-8"))["models"]
    return [*(Path(path).stem for path in files), *models.keys() - had.keys()]


def test_every_section_is_walked():
    titles = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert titles == list(WALKS)


@pytest.mark.slow
@pytest.mark.parametrize("title", WALKS)
def test_a_walk_alone(finished, tmp_path, title):
    """It needs no other, and nothing of what was there trains or is measured again."""
    folder = copy_of_project(tmp_path / "project")
    jobs = planned(folder, extended(finished, folder, title))
    assert jobs
    for job in starting(jobs, "Train", "Measure", "Prepare"):
        assert any(re.search(rf"\b{name}\b", job) for name in names_of(title)), job


@pytest.mark.slow
@pytest.mark.parametrize("title", WALKS)
def test_a_walk(walked, finished, title):
    """All that the page says appears, and nothing is left to do."""
    SHOWN[title](walked(title) / "results/tiny", finished / "results/tiny")


def read(folder, name):
    return pd.read_csv(folder / f"tables/{name}.csv", keep_default_na=False)


def norm(ours, before):
    runs = read(ours, "runs")
    assert len(runs[runs.norm == "uncentred"]) == 2
    assert "uncentred" in set(read(ours, "landscape_ranges").norm)
    verdicts = pd.read_csv(ours / "verdicts.csv")
    judged = set(
        verdicts[(verdicts.subject == "uncentred") & (verdicts.seeds > 0)].statement
    )
    # The optimiser's walk adds a second model of the architecture, so each is named.
    faster = "Training is faster with Uncentred than without normalisation (vgg)"
    assert faster in judged
    for figure in ("fig01_training_curves", "fig04_landscape", "fig05_lp_norms"):
        path = f"figures/{figure}.png"
        assert (ours / path).read_bytes() != (before / path).read_bytes()
    manifest = ours / "train/vgg/uncentred/lr0.1/seed0/run.json"
    assert manifest.is_file()
    losses = read(ours, "history").query("model == 'vgg'").set_index("norm").loss
    assert list(losses["torch_batch"]) == list(losses["batch"])


def network(ours, before):
    runs = read(ours, "runs")
    assert runs.model.value_counts().to_dict() == {
        "vgg": 8,  # with the normaliser's walk
        "vgg_from_3": 4,
        "dln": 4,
        "convnet": 4,
        "wide": 4,
        "signed": 2,  # of the optimiser's walk
    }
    assert set(read(ours, "ics").query("model == 'convnet'").layer) == {1, 2, 3}
    assert "ConvNet" in pdf_text(ours / "figures/fig04_landscape.pdf")
    text = pdf_text(ours / "figures/fig05_lp_norms.pdf")
    assert "ConvNet" in text
    assert "wide" in text
    assert '"model":"wide"' in (ours / "index.html").read_text(encoding="utf-8")


def probe(ours, before):
    weights = read(ours, "weights")
    assert list(weights.columns[:6]) == [
        *("model", "norm", "lr", "seed", "step", "layer")
    ]
    assert len(weights) == 2 * 2 * 2 * 14
    page = (ours / "index.html").read_text(encoding="utf-8")
    assert "Norm of a layer's weight, mean over layers" in page
    assert '"quantity":"weight_norm"' in page


def optimiser(ours, before):
    runs = read(ours, "runs").query("model == 'signed'")
    assert len(runs) == 2
    ours_loss = read(ours, "history").query("model == 'signed'").loss
    theirs = read(ours, "history").query("model == 'vgg' and norm == 'batch'").loss
    assert list(ours_loss) != list(theirs)
    assert len(read(ours, "ics").query("model == 'signed'")) == 2 * 14


def figure(ours, before):
    assert "Norm of the gradient" in pdf_text(ours / "figures/fig90_gradient_norms.pdf")
    assert "Figure 90: the norm of the gradient" in (ours / "index.html").read_text(
        encoding="utf-8"
    )
    for name in ("fig04_landscape", "fig01_training_curves"):
        path = f"figures/{name}.png"
        assert (ours / path).read_bytes() == (before / path).read_bytes()


def claim(ours, before):
    verdicts = pd.read_csv(ours / "verdicts.csv").set_index("claim")
    rows = verdicts.loc["gradients_change_little"]
    assert set(rows.statement) == {
        "The gradient changes less along itself with BatchNorm"
    }
    assert list(rows.comparison) == ["same step", "same loss"]
    assert rows.seeds.iloc[0] == 2
    assert "Gradients stay small: " in (ours / "index.html").read_text(encoding="utf-8")


SHOWN = dict(zip(WALKS, (norm, network, probe, optimiser, figure, claim), strict=True))


def pdf_text(path: Path) -> str:
    """The text of a figure: its glyphs, which matplotlib writes one by one."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", path.read_bytes(), re.DOTALL)
    actual = b""
    for stream in streams:
        with contextlib.suppress(zlib.error):
            text = zlib.decompress(stream)
            actual += b"".join(re.findall(rb"\(((?:[^()\\]|\\.)*)\)", text))
    return actual.replace(b"\0", b"").decode("latin-1")


def test_the_page_names_every_folder_of_parts():
    for kind in ("norms", "models", "datasets", "probes", "optimisers", "figures"):
        assert f"`src/normscape/{kind}/" in PAGE
    assert "`workflow/claims/" in PAGE


def test_a_setting_that_the_part_does_not_have(tmp_path):
    folder = copy_of_project(tmp_path / "project")
    config = extend(folder, "A normaliser")
    (folder / config.split()[-1]).write_text(
        "norm_settings: {uncentred: {epsilon: 1.0e-4}}\n", encoding="utf-8"
    )
    done = snakemake(folder, "--cores", "1", config=config)
    assert done.returncode == 1
    assert "config: norm_settings.uncentred.epsilon: unknown key" in done.stderr
