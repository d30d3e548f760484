"""Figures of made-up tables: what is in them, not how many bytes."""

import importlib
import itertools
import re

import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from experiments import experiment
from normscape.figures import curves
from normscape.pipeline import paths
from normscape.tables import frames, rows
from normscape.theory import instances

NORMS = ["none", "batch", "noisy_batch", "noise", "l1", "l2", "linf", "mine"]
LRS = {"vgg": [0.1, 0.5], "dln": [1e-6, 1e-7]}
MODELS = {"vgg": "vgg", "dln": "dln"}
# With models of the user's own.
WITH_OWN = {"vgg": "vgg", "small": "resnet", "dln": "dln", "deep": "dln"}
EXPERIMENT = experiment(MODELS, NORMS)
LAYERS = (1, 2, 3, 4, 5, 8, 9, 10, 11, 13, 17, 24)


def cells():
    for model, lrs in LRS.items():
        for lr, norm, seed in itertools.product(lrs, NORMS, (0, 1, 2)):
            yield {"model": model, "norm": norm, "lr": lr, "seed": seed}


@pytest.fixture(scope="module")
def tables():
    draws = np.random.default_rng(0)
    history, evaluation, landscape, ics, moments, histograms = ([] for _ in range(6))
    for cell in cells():
        level = NORMS.index(cell["norm"]) + 1
        diverges = (cell["norm"], cell["lr"], cell["seed"]) == ("noise", 0.5, 1)
        for step in range(10 if diverges else 30):
            last = diverges and step == 9
            history.append(
                cell
                | {"step": step, "loss": np.nan if last else level + 1 / (1 + step)}
                | {"accuracy": step / 40, "gradient_norm": 1.0, "diverged": int(last)}
            )
        for step in (0, 10, 20):
            evaluation.append(cell | {"step": step, "test_accuracy": step / 40})
            for layer in LAYERS:
                row = cell | {"step": step, "layer": layer}
                ics.append(
                    row
                    | {"l2_difference": level * 0.1, "cosine": 0.5, "gradient_norm": 1}
                )
                unit = row | {"scope": "unit", "unit": 0}
                moments.append(
                    unit
                    | {
                        "mean": draws.normal(),
                        "variance": draws.uniform(1, 2),
                        "skewness": 0,
                        "next_mean": draws.normal(),
                        "next_variance": draws.uniform(1, 2),
                    }
                )
                density, edges = np.histogram(draws.normal(size=200), 8, density=True)
                for left, right, d in zip(edges, edges[1:], density, strict=False):
                    histograms.append(
                        unit | {"left": left, "right": right, "density": d}
                    )
            for direction, size in itertools.product(
                ("gradient", "random"), (0.1, 0.2)
            ):
                landscape.append(
                    cell
                    | {
                        "step": step,
                        "direction": direction,
                        "draw": 0,
                        "step_size": size,
                    }
                    | {
                        "loss": level * size,
                        "gradient_change": level * size,
                        "distance": size,
                    }
                    | {"cosine": 0.5, "start_loss": 1.0, "gradient_norm": 1.0}
                )
    tables = {
        name: pd.DataFrame(rows)
        for name, rows in (
            ("history", history),
            ("evaluation", evaluation),
            ("landscape", landscape),
            ("ics", ics),
            ("moments", moments),
            ("histograms", histograms),
        )
    }
    tables = summarised(tables) | {"theory_instances": theory_instances()}
    return tables | frames.read([paths.PAPER_CURVES])


def summarised(tables):
    """Tables with the summaries of them."""
    found = dict(tables)
    for name in paths.summaries():
        module = importlib.import_module(f"normscape.summaries.{name}")
        found[name] = module.summarise(*(tables[t] for t in module.TABLES))
    return found


@pytest.fixture(scope="module")
def with_own(tables):
    """The same with "small", whose runs are the VGG's, and "deep", with the DLN's."""

    def beside(table):
        own = {"vgg": "small", "dln": "deep"}
        rows = table[table.model.isin(own)]
        return pd.concat([table, rows.assign(model=rows.model.map(own))])

    return {n: t if n == "paper_curves" else beside(t) for n, t in tables.items()}


def theory_instances():
    """Random units, and a VGG's as if it had been trained."""
    rows = pd.DataFrame(instances.random_instances(5))
    return pd.concat([rows, rows.assign(model="vgg", norm="batch")])


def draw(name, tables, of=EXPERIMENT):
    module = importlib.import_module(f"normscape.figures.{name}")
    figure = module.draw({n: tables[n] for n in module.TABLES}, of)
    figure.canvas.draw()
    return figure


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def axes_of(figure):
    return [ax for ax in figure.get_axes() if ax.get_visible()]


def texts(figure):
    found = [t.get_text() for t in figure.findobj(plt.Text)]
    return [text for text in found if text]


@pytest.mark.parametrize("name", paths.figures())
def test_no_panel_is_empty_and_every_axis_is_labelled(tables, name):
    figure = draw(name, tables)
    for ax in axes_of(figure):
        assert ax.has_data(), ax.get_title()
        assert "not in this" not in " ".join(t.get_text() for t in ax.texts)
    labels = texts(figure)
    assert any(
        word in label
        for label in labels
        for word in ("Step", "Learning rate", "Step size", "Bound")
    )


@pytest.mark.parametrize("name", sorted(set(paths.figures()) - {"fig16_theory"}))
def test_the_users_own_norm_is_in_every_figure(tables, name):
    figure = draw(name, tables)
    assert any("mine" in text for text in texts(figure))
    own = EXPERIMENT.norms["mine"].colour
    if name != "fig11_gradient_change":  # its colours are steps
        assert own in colours(figure)


@pytest.mark.parametrize("name", paths.figures())
def test_tick_labels_do_not_overlap(tables, name):
    assert_no_tick_labels_overlap(draw(name, tables))


def assert_no_tick_labels_overlap(figure):
    for ax in axes_of(figure):
        low, high = ax.get_xlim()
        ticks = [*ax.xaxis.get_major_ticks(), *ax.xaxis.get_minor_ticks()]
        boxes = sorted(
            (
                tick.label1.get_window_extent()
                for tick in ticks
                if tick.label1.get_text()
                and tick.label1.get_visible()
                and low <= tick.get_loc() <= high
            ),
            key=lambda box: box.x0,
        )
        for left, right in itertools.pairwise(boxes):
            assert left.x1 <= right.x0, ax.get_title()


def colours(figure):
    found = set()
    for ax in axes_of(figure):
        found |= {
            matplotlib.colors.to_hex(line.get_color()).upper() for line in ax.lines
        }
        found |= {
            matplotlib.colors.to_hex(patch.get_facecolor()).upper()
            for patch in ax.patches
        }
    return found


@pytest.mark.parametrize("name", paths.figures())
def test_an_experiment_without_the_cells_says_so(tables, name):
    """Only the standard VGG is left: nothing fails, empty panels say why."""
    few = {
        key: table[(table.model == "vgg") & (table.norm == "none")]
        for key, table in tables.items()
    }
    figure = draw(name, few, experiment(MODELS, ["none"]))
    for ax in axes_of(figure):
        assert ax.has_data() or "not in this" in ax.texts[0].get_text()


@pytest.fixture(scope="module")
def empty(tables, tmp_path_factory):
    """What an experiment without probes has: a history, and tables of only a header."""
    folder = tmp_path_factory.mktemp("empty")
    files = []
    for table in set(paths.collected_tables()) - {"history"}:
        files.append(folder / f"{table}.csv")
        rows.concatenate([], paths.columns(table), files[-1])
    others = {name: tables[name] for name in ("theory_instances", "paper_curves")}
    return summarised({"history": tables["history"], **frames.read(files)}) | others


@pytest.mark.parametrize("name", paths.figures())
def test_an_experiment_without_probes_says_so(empty, name):
    figure = draw(name, empty)
    for ax in axes_of(figure):
        assert ax.has_data() or "not in this" in ax.texts[0].get_text()


@pytest.mark.parametrize("name", paths.figures())
def test_an_experiment_without_a_classifier_says_so(tables, name):
    figure = draw(name, tables, experiment({"dln": "dln"}, NORMS))
    for ax in axes_of(figure):
        assert ax.has_data() or "not in this" in ax.texts[0].get_text()


# The user's own model


@pytest.mark.parametrize(
    ("name", "own", "beside"),
    [
        ("fig03_internal_covariate_shift", "small", "VGG"),
        ("fig04_landscape", "small", "VGG"),
        ("fig05_lp_norms", "small", "VGG"),
        ("fig10_dln_landscape", "deep", "DLN"),
        ("fig11_gradient_change", "small", "VGG"),
        ("fig12_lp_landscape_vgg", "small", "VGG"),
        ("fig13_lp_landscape_dln", "deep", "DLN"),
        ("fig14_learning_rates", "small", "VGG"),
        ("fig15_random_directions", "small", "VGG"),
    ],
)
def test_the_users_own_model_stands_beside_the_others(with_own, name, own, beside):
    figure = draw(name, with_own, experiment(WITH_OWN, NORMS))
    named = [text for text in texts(figure) if own in text]
    assert named
    assert len(named) == len([text for text in texts(figure) if beside in text])
    assert all(ax.has_data() for ax in axes_of(figure))
    assert_no_tick_labels_overlap(figure)
    alone = draw(name, with_own, experiment({own: WITH_OWN[own]}, NORMS))
    assert all(ax.has_data() for ax in axes_of(alone))


def test_figure_3_shows_the_layers_that_a_model_declares(with_own):
    of = experiment(WITH_OWN, NORMS)
    figure = draw("fig03_internal_covariate_shift", with_own, of)
    titles = {ax.get_title() for ax in axes_of(figure)}
    assert {title for title in titles if title.startswith("small")} == {
        f"small, layer {layer}\nlr {lr}" for layer in (4, 8) for lr in (0.1, 0.5)
    }


@pytest.mark.parametrize(
    "name",
    [
        "fig01_training_curves",
        "fig02_noisy_batch_norm",
        "fig06_lp_activations",
        "fig08_moment_drift",
    ],
)
def test_figures_of_one_network_show_its_layers(with_own, name):
    def layers(models):
        figure = draw(name, with_own, experiment(models, ["none", "batch"]))
        assert all(ax.has_data() for ax in axes_of(figure))
        found = re.findall(r"[Ll]ayer (\d+)", " ".join(texts(figure)))
        return sorted(map(int, set(found)))

    assert layers({"small": "resnet", "vgg": "vgg"}) == [4, 8]
    assert set(layers(WITH_OWN)) <= {2, 3, 9, 11, 13}  # of the VGG, as in the paper


def test_one_colour_a_norm():
    norms = EXPERIMENT.norms
    assert len({norm.colour for norm in norms.values()}) == len(NORMS)
    other = experiment({"vgg": "vgg"}, ["batch", "mine"]).norms
    assert other["batch"] == norms["batch"]
    assert other["mine"] == norms["mine"]
    chosen = curves.choose(EXPERIMENT, "none", "batch")
    assert [norm.name for norm in chosen] == ["none", "batch", "mine"]


def test_curves_are_means_over_seeds_and_bands_their_range(tables):
    rows = pd.DataFrame(
        [
            {"seed": s, "step": t, "loss": (s + 1) * (t + 1.0)}
            for s in range(3)
            for t in range(4)
        ]
    )
    figure, ax = plt.subplots()
    curves.curve(ax, rows, "step", "loss", color="#000000")
    assert list(ax.lines[0].get_ydata()) == [2, 4, 6, 8]
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == 1
    assert band[:, 1].max() == 12


def test_a_diverged_run_ends_in_a_cross(tables):
    figure = draw("fig02_noisy_batch_norm", tables)
    crosses = [
        line for ax in axes_of(figure) for line in ax.lines if line.get_marker() == "x"
    ]
    assert len(crosses) == 1
    assert list(crosses[0].get_xdata()) == [9]
    figure = draw("fig14_learning_rates", tables)
    assert [
        float(line.get_xdata()[0])
        for line in axes_of(figure)[0].lines
        if line.get_marker() == "x"
    ] == [0.5]


def test_figure_3_has_the_papers_layers_and_log_axes(tables):
    figure = draw("fig03_internal_covariate_shift", tables)
    titles = {ax.get_title() for ax in axes_of(figure)}
    assert titles == {
        f"{model}, layer {layer}\nlr {lr}"
        for model, layers, lrs in (
            ("VGG", (5, 10), (0.1, 0.5)),
            ("DLN", (9, 17), ("1e-06", "1e-07")),
        )
        for layer in layers
        for lr in lrs
    }
    for ax in axes_of(figure):
        expected = "log" if "difference" in ax.get_ylabel() else "linear"
        assert ax.get_yscale() == expected


def test_figure_4_shows_the_ranges_of_its_table(tables):
    figure = draw("fig04_landscape", tables)
    loss, change, beta = axes_of(figure)
    assert loss.get_yscale() == "log"
    high = {tuple(np.round(line.get_ydata(), 6)) for line in loss.lines}
    # level * step size, from 0.1 to 0.2: none 1, batch 2, mine 8
    for level in (1, 2, 8):
        assert (level * 0.2,) * 3 in high
        assert (level * 0.1,) * 3 in high
    assert {line.get_ydata()[0] for line in beta.lines} == {1, 2, 8}


def test_the_papers_curves_are_shown_where_the_scale_is_the_papers(tables):
    def dotted(name, tables):
        figure = draw(name, tables)
        lines = [line for ax in axes_of(figure) for line in ax.lines]
        return [line for line in lines if line.get_gid() == "paper"]

    for name in ("fig04_landscape", "fig05_lp_norms", "fig10_dln_landscape"):
        assert not dotted(name, tables)
        scaled = {
            key: table.assign(step=table.step * 800) if "step" in table else table
            for key, table in tables.items()
            if key != "paper_curves"
        }
        lines = dotted(name, scaled | {"paper_curves": tables["paper_curves"]})
        assert lines
        assert all(len(line.get_xdata()) > 50 for line in lines)


def test_figure_16_shows_every_instance(tables):
    instances = tables["theory_instances"]
    figure = draw("fig16_theory", tables)
    for ax in axes_of(figure):
        statement, *printed = ax.get_title().split(", as ")
        form = "printed" if printed else "holds"
        rows = instances[(instances.statement == statement) & (instances.form == form)]
        shown = np.concatenate([line.get_ydata() for line in ax.lines[:3]])
        assert sorted(shown) == sorted(rows.actual)


def test_an_empty_panel_leaves_the_axes_of_others_alone():
    figure, (full, empty) = plt.subplots(1, 2, sharey=True)
    full.semilogy([0, 1], [1.0, 1e6])
    curves.note_if_empty(empty)
    figure.canvas.draw()
    assert [label.get_text() for label in full.get_yticklabels() if label.get_text()]
    assert not any(label.get_visible() for label in empty.get_yticklabels())


def test_ticks_that_would_touch_have_no_label():
    _, ax = plt.subplots()
    ax.plot([20, 800], [0, 1])
    curves.log_x(ax, [20, 100, 400, 800])
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["20", "100", "", "800"]
