"""Figures of made-up tables: what is in them, not how many bytes."""

import importlib
import itertools
import math
import re

import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.legend import Legend
from scipy import stats

from experiments import experiment
from normscape.claims.outcomes import AT_CHANCE, LEARNT, add_column
from normscape.figures import curves, fig17_verdicts, landscapes, panels, subsets
from normscape.pipeline import paths
from normscape.tables import CELL, frames, rows
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
    history, evaluation, landscape, ics, moments, histograms, rank = (
        [] for _ in range(7)
    )
    curvature, depth, invariance = [], [], []
    for cell in cells():
        level = NORMS.index(cell["norm"]) + 1
        diverges = (cell["norm"], cell["lr"], cell["seed"]) == ("noise", 0.5, 1)
        for step in range(10 if diverges else 30):
            last = diverges and step == 9
            history.append(
                cell
                | {"step": step, "loss": np.nan if last else level + 9 / (1 + step)}
                | {"accuracy": step / 40, "gradient_norm": 1.0, "diverged": int(last)}
            )
        for step in (0, 10, 20):
            evaluation.append(cell | {"step": step, "test_accuracy": step / 40})
            eigenvalue = {
                "largest_eigenvalue": (level + step) / cell["lr"],
                "converged": 1,
            }
            curvature.append(
                cell
                | {"step": step, "gradient_curvature": (level - 2) / cell["lr"]}
                | eigenvalue
            )
            if cell["model"] == "dln":
                rank.append(cell | {"step": step, "learnt_rank": step // 10})
            for layer in LAYERS:
                row = cell | {"step": step, "layer": layer}
                depth.append(row | {"gradient_norm": level / layer})
                invariance.append(
                    row
                    | {"cosine": (-1) ** layer / level, "weight_norm": layer * level}
                    | {"angle": level}
                )
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
                ("gradient", "random", "relative"), (0.1, 0.2)
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
                    | {"cosine": 0.5, "start_loss": 1.0, "gradient_norm": 4.0}
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
            ("rank", rank),
            ("curvature", curvature),
            ("depth", depth),
            ("invariance", invariance),
        )
    }
    tables |= {
        table: of_probe(table)
        for table in paths.collected_tables()
        if table not in tables
    }
    tables = summarised(tables)
    tables |= {"theory_instances": theory_instances(), "verdicts": verdicts()}
    return tables | frames.read([paths.PAPER_CURVES])


def of_probe(table):
    """A table of any probe, of its declared columns."""
    declared = frames.columns(table)
    rows = []
    for cell in cells():
        level = NORMS.index(cell["norm"]) + 1
        for step, layer in itertools.product((0, 10, 20), LAYERS):
            row = {
                name: "text" if column.get("text") else float(level + step)
                for name, column in declared.items()
            }
            place = {"step": step, "layer": layer} if "layer" in row else {"step": step}
            rows.append(cell | row | place)
    return pd.DataFrame(rows).drop_duplicates()


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


def verdict(**changes):
    """A verdict at the same step; of a ratio below 0.8, reproduced."""
    return {
        "claim": "loss_range_vgg",
        "norm": "batch",
        "subject": "batch",
        "comparison": "same step",
        "reason": None,
        "statement": "The loss varies less along the gradient with BatchNorm",
        "topic": "landscape",
        "model": "vgg",
        "scale": "ratio",
        "above": math.nan,
        "below": 0.8,
        "paper_effect": math.nan,
        "effect": 0.3,
        "low": 0.2,
        "high": 0.4,
        "seeds": 8,
        "holm": 0.5,
        "verdict": "reproduced",
        "not_learnt": None,
    } | changes


def verdicts():
    """55 claims in three topics and on all scales, with all that may be missing."""
    draws = np.random.default_rng(0)
    ranges = {"ratio": (math.nan, 0.8), "difference": (-0.05, 0.05), "value": (0.2, 1)}
    far = "along random directions of the weights' length "
    found = []
    for number in range(55):
        topic = ("training", "shift", "landscape")[number // 19]
        scale = "ratio" if number % 5 else ("difference", "value")[number % 2]
        above, below = ranges[scale]
        effect, half = draws.normal(size=2) * (2 if scale == "ratio" else 0.1)
        ends = np.array([effect, effect - abs(half), effect + abs(half)])
        if number % 11 == 7:
            ends[2] = math.inf
        effect, low, high = np.exp(ends) if scale == "ratio" else ends
        numbers = {"effect": effect, "low": low, "high": high}
        if number % 11 == 9:
            numbers |= {"low": math.nan, "high": math.nan, "seeds": 1}
        row = verdict(topic=topic, scale=scale, above=above, below=below)
        row |= numbers | {
            "claim": f"claim_{number}",
            "statement": f"The loss varies less {far * (number % 4)}with mine ({number})",
            "verdict": ("reproduced", "not reproduced", "inconclusive")[number % 3],
            "paper_effect": 0.5 if number % 4 == 0 else math.nan,
        }
        found.append(row)
        if number % 2:
            found.append(row | {"comparison": "same loss", "verdict": "inconclusive"})
    return pd.DataFrame(found)


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


def with_outcomes(tables, failed):
    """The tables of runs with their outcomes: of (norm, lr) those that failed, else learnt."""
    runs = tables["runs"]
    keys = zip(runs.norm, runs.lr, strict=True)
    outcome = [failed.get(key, LEARNT) for key in keys]
    outcomes = runs[CELL].assign(outcome=outcome)
    return {name: add_column(table, outcomes) for name, table in tables.items()}


def pixels(figure):
    figure.canvas.draw()
    return bytes(figure.canvas.buffer_rgba())


# Figure 16 marks a trained network that the tables have a run of, Figure 17 reads verdicts.
OF_RUNS = sorted({*paths.figures()} - {"fig16_theory", "fig17_verdicts"})


@pytest.mark.parametrize("name", OF_RUNS)
def test_a_figure_says_so_if_a_run_that_it_shows_stayed_at_chance(tables, name):
    keys = {(norm, lr) for norm in NORMS for lr in itertools.chain(*LRS.values())}
    figure = draw(name, with_outcomes(tables, dict.fromkeys(keys, AT_CHANCE)))
    assert "stayed at chance" in " ".join(texts(figure))
    assert "diverged" not in " ".join(texts(figure))


@pytest.mark.parametrize(
    "name", ["fig00_answer", "fig04_landscape", "fig14_learning_rates", "fig24_ranking"]
)
def test_a_figure_of_runs_that_have_learnt_is_as_it_was(tables, name):
    assert pixels(draw(name, with_outcomes(tables, {}))) == pixels(draw(name, tables))


def test_a_hollow_line_is_of_a_run_that_has_not_learnt(tables):
    failed = {("none", 0.1): AT_CHANCE}
    figure = draw("fig04_landscape", with_outcomes(tables, failed))
    rows = {ax.get_title(loc="left"): ax for ax in axes_of(figure)}
    hollow = [
        {line.get_gid() for line in rows[f"VGG, lr {lr}"].lines} for lr in (0.1, 0.5)
    ]
    assert [AT_CHANCE in gids for gids in hollow] == [True, False]


def test_verdicts_say_which_runs_have_not_learnt():
    said = verdict(not_learnt="3 of 3 runs of none stayed at chance")
    figure = draw("fig17_verdicts", {"verdicts": pd.DataFrame([said])})
    words = " ".join(" ".join(texts(figure)).split())
    assert "(3 of 3 runs of none stayed at chance)" in words


def test_the_first_layer_has_no_shift_by_definition(tables):
    ics = tables["ics"].query("layer <= 2")
    first = ics.layer == 1
    ics = ics.assign(
        l2_difference=ics.l2_difference.mask(first, 0), cosine=ics.cosine.mask(first, 1)
    )
    figure = draw("fig03_internal_covariate_shift", {"ics": ics})
    words = texts(figure)
    assert sum("by definition" in text for text in words) == 8
    assert not any("not in this" in text for text in words)


@pytest.mark.parametrize("table", paths.collected_tables()[2:])
def test_a_made_up_table_of_any_probe_has_its_columns(table):
    assert list(of_probe(table)) == paths.columns(table)


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
        for word in (
            "Step",
            "Layer",
            "Learning rate",
            "Bound",
            "Ratio",
            "Training loss",
        )
    )


@pytest.mark.parametrize("name", sorted(set(paths.figures()) - {"fig16_theory"}))
def test_the_users_own_norm_is_in_every_figure(tables, name):
    figure = draw(name, tables)
    assert any("mine" in text for text in texts(figure))
    own = EXPERIMENT.norms["mine"].colour
    # There, colours are steps or verdicts.
    if name not in ("fig11_gradient_change", "fig17_verdicts"):
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
        if key != "paper_curves"
    }
    few["paper_curves"] = tables["paper_curves"]
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
    others = {
        name: tables[name] for name in ("theory_instances", "paper_curves", "verdicts")
    }
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


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("fig01_training_curves", [3, 9]),
        ("fig02_noisy_batch_norm", [2, 5, 9]),
        ("fig03_internal_covariate_shift", [5, 10]),  # its own, which are there
        ("fig06_lp_activations", [5]),
        ("fig08_moment_drift", [2, 5, 9]),
    ],
)
def test_figures_of_a_shallower_network_show_layers_that_it_has(tables, name, shown):
    shallow = {
        key: table[table.layer.isin([1, 2, 3, 4, 5, 8, 9, 10])]
        if "layer" in table
        else table
        for key, table in tables.items()
    }
    figure = draw(name, shallow, experiment({"vgg": "vgg"}, ["none", "batch"]))
    assert all(ax.has_data() for ax in axes_of(figure))
    found = re.findall(r"[Ll]ayer (\d+)", " ".join(texts(figure)))
    assert sorted(map(int, set(found))) == shown


def test_one_colour_a_norm():
    norms = EXPERIMENT.norms
    assert len({norm.colour for norm in norms.values()}) == len(NORMS)
    other = experiment({"vgg": "vgg"}, ["batch", "mine"]).norms
    assert other["batch"] == norms["batch"]
    assert other["mine"] == norms["mine"]
    chosen = subsets.choose_norms(EXPERIMENT, "none", "batch")
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
    curves.plot_mean(ax, rows, "step", "loss", color="#000000")
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


# The landscape


def test_figure_4_shows_ranges_changes_and_beta_times_the_rate(tables):
    figure = draw("fig04_landscape", tables)
    loss, change, beta = axes_of(figure)[:3]
    assert loss.get_title(loc="left") == "VGG, lr 0.1"
    for ax, value in ((loss, 0.1), (change, 0.2), (beta, 0.1)):
        assert ax.get_yscale() == "log"
        # level * step size, from 0.1 to 0.2; all seeds alike: none 1, batch 2, mine 8
        for norm, level in (("none", 1), ("batch", 2), ("mine", 8)):
            found = lines_of(ax, EXPERIMENT.norms[norm].colour)
            assert len(found) == 1 + 3  # the median and the seeds
            for line in found:
                assert line.get_ydata() == pytest.approx([level * value] * 3)
    (edge,) = (line for line in beta.lines if line.get_gid() == "edge")
    assert set(edge.get_ydata()) == {2}
    assert "edge of stability" in " ".join(texts(figure))


def lines_of(ax, colour):
    """Its lines of this colour that are not the paper's."""
    return [
        line
        for line in ax.lines
        if line.get_color() == colour and line.get_gid() is None
    ]


def made_up(seeds, **columns):
    """A row for each seed and step of the values of y given for each seed."""
    return pd.DataFrame(
        [
            {"seed": seed, "step": step, "y": y} | columns
            for seed, values in enumerate(seeds)
            for step, y in enumerate(values)
        ]
    )


@pytest.mark.parametrize(
    ("seeds", "middle"),
    [
        ([[1], [100]], 10),
        ([[1], [10], [1e9]], 10),
        ([[1e-9], [2], [8], [1e9]], 4),
        ([[3]], 3),
    ],
)
def test_a_thick_line_is_the_median_of_logarithms(seeds, middle):
    _, ax = plt.subplots()
    curves.plot_medians(ax, made_up(seeds), "step", "y", color="#000000")
    assert ax.lines[0].get_ydata() == pytest.approx([middle])
    thin = ax.lines[1:]
    assert all(line.get_linewidth() < ax.lines[0].get_linewidth() for line in thin)
    shown = [float(line.get_ydata()[0]) for line in thin]
    assert shown == pytest.approx([y for (y,) in seeds] if len(seeds) > 1 else [])


def test_draws_of_a_seed_are_averaged_before_seeds_are():
    _, ax = plt.subplots()
    draws = pd.concat([made_up([[1], [4]]), made_up([[100], [4]])])
    curves.plot_medians(ax, draws, "step", "y")
    assert ax.lines[0].get_ydata() == pytest.approx([math.sqrt(10 * 4)])


def test_what_overflows_is_the_largest_and_a_triangle_at_the_top():
    _, ax = plt.subplots()
    # The second overflows, once as empty; the third ends with it, as a run that diverged.
    seeds = [[1, 1, 1, 1], [9, math.inf, math.nan, 9], [4, 4, math.inf]]
    curves.plot_medians(ax, made_up(seeds), "step", "y", color="#000000")
    middle, *thin, tops = ax.lines
    # Medians of (1, 9, 4), (1, inf, 4), (1, inf, inf), (1, 9, inf)
    assert middle.get_ydata() == pytest.approx([4, 4, math.nan, 9], nan_ok=True)
    second = [9, math.nan, math.nan, 9]
    assert thin[1].get_ydata() == pytest.approx(second, nan_ok=True)
    assert tops.get_marker() == "^"
    assert list(tops.get_xdata()) == [1, 2]
    assert set(tops.get_ydata()) == {1}
    assert tops.get_transform() == ax.get_xaxis_transform()


def test_a_norm_that_only_overflows_is_seen_and_explained(tables):
    ranges = tables["landscape_ranges"].copy()
    gone = (ranges.model == "dln") & (ranges.norm == "none")
    ends = ["loss_low", "loss_high", "gradient_change_high", "effective_beta"]
    ranges.loc[gone, ends] = math.nan
    figure = draw("fig10_dln_landscape", tables | {"landscape_ranges": ranges})
    for ax in axes_of(figure):
        (tops,) = (line for line in ax.lines if line.get_gid() == "overflow")
        assert tops.get_color() == EXPERIMENT.norms["none"].colour
        assert list(tops.get_xdata()) == [0, 10, 20]
    assert "A seed overflowed" in texts(figure)
    assert "A seed overflowed" not in texts(draw("fig10_dln_landscape", tables))


def test_figure_10_has_a_row_for_each_rate(tables):
    axes = axes_of(draw("fig10_dln_landscape", tables))
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles == ["DLN, lr 1e-06", "", "", "DLN, lr 1e-07", "", ""]
    for ax, lr in ((axes[2], 1e-6), (axes[5], 1e-7)):
        (line, *_) = lines_of(ax, EXPERIMENT.norms["batch"].colour)
        assert line.get_ydata() == pytest.approx([2 * lr] * 3)


@pytest.mark.parametrize(
    ("name", "label"),
    [("fig12_lp_landscape_vgg", "VGG"), ("fig13_lp_landscape_dln", "DLN")],
)
def test_figures_of_lp_norms_have_a_row_for_each_beside_the_standard_net(
    tables, name, label
):
    figure = draw(name, tables)
    rows = np.reshape(axes_of(figure), (-1, 4))
    shown = ["batch", "l1", "l2", "linf", "mine"]
    assert any(text.startswith(f"{label}, lr") for text in texts(figure))
    for row, name in zip(rows, shown, strict=True):
        norm = EXPERIMENT.norms[name]
        assert row[0].get_ylabel() == norm.label
        for ax in row:
            found = {line.get_color() for line in ax.lines if line.get_gid() is None}
            assert found == {norm.colour, landscapes.REFERENCE}
        level = NORMS.index(name) + 1
        for colour, expected in ((norm.colour, level), (landscapes.REFERENCE, 1)):
            line = lines_of(row[1], colour)[0]
            assert line.get_ydata() == pytest.approx([expected * 0.1] * 3)
    for column in rows.T:
        assert len({ax.get_ylim() for ax in column}) == 1


def test_figure_11_shows_steps_at_which_all_were_probed(tables):
    landscape = tables["landscape"]
    steps = {str(step) for step in landscape.step}
    early = landscape[landscape.norm == "batch"].assign(step=1)
    with_early = tables | {"landscape": pd.concat([early, landscape])}
    figure = draw("fig11_gradient_change", with_early)
    legends = figure.findobj(Legend)
    assert len(legends) == 2
    for legend in legends:
        assert {text.get_text() for text in legend.get_texts()} == steps
    assert {"VGG, lr 0.1", "DLN, lr 1e-06", "BatchNorm"} <= set(texts(figure))


def test_figure_15_shows_both_kinds_of_random_directions(tables):
    axes = np.reshape(axes_of(draw("fig15_random_directions", tables)), (-1, 3))
    assert [row[0].get_title(loc="left") for row in axes] == [
        f"{model}, directions as long as the {what}"
        for model in ("VGG, lr 0.1", "DLN, lr 1e-06")
        for what in ("gradient", "weights")
    ]
    batch = EXPERIMENT.norms["batch"].colour
    absolute, relative = (lines_of(row[1], batch)[0].get_ydata() for row in axes[:2])
    assert "over its norm" in axes[1][1].get_ylabel()
    assert relative == pytest.approx(absolute / 4)  # the gradient's norm


def test_the_papers_curves_are_shown_where_ours_have_a_fifth_of_their_steps(tables):
    def dotted(name, tables):
        figure = draw(name, tables)
        assert_no_tick_labels_overlap(figure)
        lines = [line for ax in axes_of(figure) for line in ax.lines]
        return [line for line in lines if line.get_gid() == "paper"]

    medians = {
        # Of the range of the loss and the change of the gradient; beta is 2 / rate.
        "fig04_landscape": [2.321 - 1.393, 47.01, 2.0],
        "fig10_dln_landscape": [1.714e4, 1.65e6, 3.66],
        "fig05_lp_norms": [],
    }
    for name, expected in medians.items():
        assert not dotted(name, tables)
        lines = dotted(name, with_more_steps(tables, 800))
        assert lines
        assert all(len(line.get_xdata()) > 50 for line in lines)
        standard = EXPERIMENT.norms["none"].colour
        found = [np.median(x.get_ydata()) for x in lines if x.get_color() == standard]
        assert found[: len(expected)] == pytest.approx(expected, rel=0.2)


def test_the_papers_curves_end_where_ours_do(tables):
    tables = with_more_steps(tables, 250)
    last = tables["landscape_ranges"].step.max()
    axes = axes_of(draw("fig04_landscape", tables))
    lines = [line for ax in axes for line in ax.lines if line.get_gid() == "paper"]
    assert lines
    assert all(3000 < max(line.get_xdata()) <= last < 15_000 for line in lines)


def with_more_steps(tables, factor):
    """Tables of ours as if each step had been so many."""
    scaled = {
        key: table.assign(step=table.step * factor) if "step" in table else table
        for key, table in tables.items()
    }
    return scaled | {"paper_curves": tables["paper_curves"]}


# Learning rates

SIX = [0.1, 0.5, 0.05, 0.2, 1.0, 2.0]


@pytest.fixture(scope="module")
def six_rates(tables):
    """The VGG's first rate once more for each of six."""

    def spread(table):
        if "lr" not in table:
            return table
        first = table[(table.model == "vgg") & (table.lr == 0.1)]
        others = table[table.model != "vgg"]
        return pd.concat([*(first.assign(lr=lr) for lr in SIX), others])

    return {
        name: table if name == "paper_curves" else spread(table)
        for name, table in tables.items()
    }


def test_figures_of_training_show_the_first_two_of_six_rates(six_rates):
    figure = draw("fig01_training_curves", six_rates)
    for ax in axes_of(figure)[:2]:
        batch = [
            line
            for line in lines_of(ax, EXPERIMENT.norms["batch"].colour)
            if line.get_marker() != "x"
        ]
        assert [line.get_linestyle() for line in batch] == ["-", "--"]
    assert [text for text in texts(figure) if text.startswith("lr")] == [
        "lr 0.1",
        "lr 0.5",
    ]
    for name in ("fig02_noisy_batch_norm", "fig05_lp_norms"):
        figure = draw(name, six_rates)
        titles = [ax.get_title() for ax in axes_of(figure) if "lr" in ax.get_title()]
        rates = [title.removeprefix("VGG, ") for title in titles if "DLN" not in title]
        assert rates == ["lr 0.1", "lr 0.5"]


def runs_of(**ends):
    """Runs of a VGG at six rates, and three seeds, that end at the accuracy given."""
    return pd.DataFrame(
        [
            {"model": "vgg", "norm": norm, "lr": lr, "seed": seed}
            | {"diverged_at": 5 if math.isnan(end) else math.nan}
            | {"final_accuracy": end, "final_loss": end}
            for norm, at_rates in ends.items()
            for lr, seeds in at_rates.items()
            for seed, end in enumerate(seeds)
        ]
    )


def test_figure_14_has_medians_over_all_seeds_also_those_that_diverged():
    gone = math.nan
    none = {0.1: [0.5, 0.6, 0.9], 0.5: [0.5, gone, gone], 2.0: [gone, gone, gone]}
    runs = runs_of(none=none, l1={0.1: [0.7, 0.8, 0.9], 0.5: [0.7, 0.8, gone]})
    of = experiment({"vgg": "vgg"}, ["none", "l1"])
    (ax,) = axes_of(draw("fig14_learning_rates", {"runs": runs}, of))
    points, median, crosses = lines_of(ax, of.norms["none"].colour)
    assert sorted(points.get_ydata()) == [0.5, 0.5, 0.6, 0.9]
    assert list(median.get_ydata()) == [0.6, 0, 0]
    assert crosses.get_marker() == "x"
    assert list(crosses.get_ydata()) == [0] * 5  # of the axis: its bottom
    assert crosses.get_transform() == ax.get_xaxis_transform()
    assert list(median.get_xdata()) == [
        0.1,
        0.5,
        2.0,
    ]  # where the rates are; marks beside
    # L1 has two rates: no line claims what lies between them.
    points, crosses = lines_of(ax, of.norms["l1"].colour)
    assert points.get_linestyle() == "None"
    assert len(crosses.get_xdata()) == 1
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["0.1", "0.5", "2"]


def test_figure_14_puts_an_infinite_loss_at_the_top():
    ends = {1e-6: [5.0, 7.0, math.nan], 1e-7: [5.0] * 3, 1e-5: [math.nan] * 3}
    runs = runs_of(none=ends).assign(model="dln")
    of = experiment({"dln": "dln"}, ["none"])
    (ax,) = axes_of(draw("fig14_learning_rates", {"runs": runs}, of))
    _, median, crosses = ax.lines
    # Of 5, 7 and infinity; of three infinities, which is nowhere.
    assert list(median.get_ydata()[:2]) == [5, 7]
    assert math.isnan(median.get_ydata()[2])
    assert set(crosses.get_ydata()) == {1}
    assert len(crosses.get_xdata()) == 4


# Figure 0


def test_the_shift_is_shown_over_the_training_loss_that_falls_to_the_right(tables):
    figure = draw("fig00_answer", tables)
    shift = axes_of(figure)[1]
    assert shift.get_xlabel() == "Training loss"
    assert shift.get_xscale() == "log"
    left, right = shift.get_xlim()
    assert left > right
    # Losses of "batch" are 2 + 9 / (1 + step); steps 0, 10 and 20 are probed.
    history = np.log(2 + 9 / np.arange(1.0, 31))
    expected = [
        np.exp(history[max(0, step - 5) : step + 5].mean()) for step in (20, 10, 0)
    ]
    mean, *_ = (
        line
        for line in lines_of(shift, EXPERIMENT.norms["batch"].colour)
        if line.get_linewidth() > 1
    )
    seeds = lines_of(shift, EXPERIMENT.norms["batch"].colour)
    seeds.remove(mean)
    assert len(seeds) == 3
    for line in seeds:
        assert line.get_xdata() == pytest.approx(expected)
        assert line.get_ydata() == pytest.approx([0.5] * 3)
    ends = mean.get_xdata()[[0, -1]]
    assert ends == pytest.approx([expected[0], expected[-1]])


# Figure 17


def forest(*rows):
    """The axes of the figure of these verdicts."""
    return axes_of(draw("fig17_verdicts", {"verdicts": pd.DataFrame(rows)}))


def x_of(mark):
    (x,) = mark.get_xdata()
    return x


def marks(ax, gid):
    return [line for line in ax.lines if line.get_gid() == gid]


def test_a_verdict_is_an_effect_with_its_interval_in_the_claimed_range():
    (ax,) = forest(verdict(paper_effect=0.2))
    assert ax.get_xscale() == "log"
    assert [t.get_text() for t in ax.get_yticklabels()] == [verdict()["statement"]]
    (effect,) = marks(ax, "effect")
    (interval,) = marks(ax, "interval")
    (paper,) = marks(ax, "paper")
    assert x_of(effect) == 0.3
    assert list(interval.get_xdata()) == [0.2, 0.4]
    assert x_of(paper) == 0.2
    assert paper.get_marker() == "D"
    assert not marks(ax, "beyond")
    (claimed,) = ax.collections
    x, y = claimed.get_paths()[0].vertices.T
    assert (x.min(), x.max()) == (fig17_verdicts.RATIOS[0], 0.8)
    bottom, top = ax.get_ylim()
    assert top <= y.min() < effect.get_ydata() < y.max() <= bottom


def test_a_range_between_two_limits_is_shaded_between_them():
    (ax,) = forest(verdict(scale="difference", above=-0.05, below=0.05))
    assert ax.get_xscale() == "linear"
    x = ax.collections[0].get_paths()[0].vertices[:, 0]
    assert (x.min(), x.max()) == (-0.05, 0.05)


def test_an_axis_of_differences_shows_where_there_is_none():
    gain = {"scale": "difference", "effect": 0.3, "low": 0.2, "high": 0.4}
    (ax,) = forest(verdict(**gain, above=math.nan, below=0.05))
    left, right = ax.get_xlim()
    assert left < 0 < 0.4 < right


def test_verdicts_differ_in_colour_and_in_grey():
    names = ["reproduced", "not reproduced", "inconclusive"]
    (ax,) = forest(*(verdict(verdict=name) for name in names))
    looks = [(mark.get_color(), mark.get_fillstyle()) for mark in marks(ax, "effect")]
    assert [look[1] for look in looks] == ["full", "none", "left"]
    assert len({look[0] for look in looks}) == 3


def test_a_ring_is_around_what_stays_reproduced_with_holms_correction():
    (ax,) = forest(
        verdict(effect=0.1, holm=0.02),
        verdict(effect=0.2, holm=0.03),
        verdict(effect=0.3, holm=0.02, verdict="inconclusive"),
        verdict(effect=1e-6, holm=0.001),
    )
    rings = [x_of(mark) for mark in marks(ax, "holm")]
    assert rings == [0.1, fig17_verdicts.RATIOS[0]]


def test_the_effect_at_the_same_loss_lies_below_the_other_smaller():
    other = {"effect": 1.2, "low": 0.9, "high": 1.6, "verdict": "not reproduced"}
    other |= {"comparison": "same loss"}
    (ax,) = forest(verdict(), verdict(**other), verdict(claim="alone"))
    first, second, alone = marks(ax, "effect")
    assert x_of(second) == 1.2
    assert second.get_fillstyle() == "none"
    assert second.get_markersize() < first.get_markersize() == alone.get_markersize()
    assert first.get_ydata() < second.get_ydata() < alone.get_ydata()  # downwards
    assert list(marks(ax, "interval")[1].get_xdata()) == [0.9, 1.6]


def test_what_leaves_the_axis_is_an_arrowhead_at_its_edge():
    low, high = fig17_verdicts.RATIOS
    (ax,) = forest(
        verdict(low=0.0, high=math.inf, paper_effect=1e-5),
        verdict(effect=1e6, low=1e5, high=1e7),
    )
    beyond = [(m.get_marker(), x_of(m)) for m in marks(ax, "beyond")]
    assert beyond == [("<", low), (">", high), (">", high), (">", high)]
    assert [mark.get_marker() for mark in marks(ax, "effect")] == ["o", ">"]
    (paper,) = marks(ax, "paper")
    assert (paper.get_marker(), x_of(paper)) == ("<", low)
    first, second = marks(ax, "interval")
    assert list(first.get_xdata()) == [low, high]
    assert list(second.get_xdata()) == [high, high]


def test_one_seed_has_no_interval_and_a_run_that_diverged_no_effect():
    nothing = {"low": math.nan, "high": math.nan, "seeds": 1}
    (ax,) = forest(verdict(**nothing), verdict(effect=math.nan, **nothing))
    assert len(marks(ax, "effect")) == 1
    assert not marks(ax, "interval")
    assert [text.get_text().strip() for text in ax.texts[:1]] == ["not measured"]


def test_verdicts_stand_by_topic_and_scale_with_their_counts():
    accuracy = {"scale": "value", "above": 0.2, "below": math.nan, "effect": 0.5}
    axes = forest(
        verdict(topic="training", statement="a"),
        verdict(topic="shift", statement="b", verdict="inconclusive"),
        verdict(topic="training", statement="c", **accuracy),
        verdict(topic="training", statement="d"),
        verdict(topic="larger_rates", statement="e"),
        verdict(topic="shift", statement="absent", reason="not in this experiment"),
    )
    statements = [[t.get_text() for t in ax.get_yticklabels()] for ax in axes]
    assert statements == [["a", "d"], ["c"], ["b"], ["e"]]
    labels = [ax.get_xlabel().split()[0] for ax in axes]
    assert labels == ["Ratio", "Value", "Ratio", "Ratio"]
    headings = [[text.get_text() for text in ax.texts] for ax in axes]
    assert headings == [
        ["Training: 3 reproduced, 0 not reproduced, 0 inconclusive"],
        [],
        ["Shift: 0 reproduced, 0 not reproduced, 1 inconclusive"],
        ["Larger rates: 1 reproduced, 0 not reproduced, 0 inconclusive"],
    ]


def test_long_statements_are_wrapped_and_rows_do_not_overlap(tables):
    figure = draw("fig17_verdicts", tables)
    for ax in axes_of(figure):
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        for above, below in itertools.pairwise(boxes):
            assert above.y0 >= below.y1
        left = ax.get_window_extent().x0
        assert all(box.x0 >= 0 and box.x1 <= left for box in boxes)
    for text in figure.findobj(plt.Text):
        assert text.get_fontsize() >= 6 or not text.get_text()


def test_no_verdict_is_said_to_be_missing():
    (ax,) = forest(verdict(reason="not in this experiment"))
    assert "not in this" in ax.texts[0].get_text()


def test_the_verdicts_are_a_table_of_their_own():
    config = {"name": "mine"}
    assert paths.figure_tables(config, "fig17_verdicts") == [
        "results/mine/verdicts.csv",
        "results/mine/tables/outcomes.csv",
    ]


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
    panels.note_if_empty(empty)
    figure.canvas.draw()
    assert [label.get_text() for label in full.get_yticklabels() if label.get_text()]
    assert not any(label.get_visible() for label in empty.get_yticklabels())


def test_ticks_that_would_touch_have_no_label():
    _, ax = plt.subplots()
    ax.plot([20, 800], [0, 1])
    panels.set_log_x(ax, [20, 100, 400, 800])
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["20", "100", "", "800"]
    panels.set_log_x(ax, [0.2, 0.5, 1, 2], share=3 / 8)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["0.2", "0.5", "", "2"]


@pytest.mark.parametrize(
    ("ends", "labels"),
    [
        ((1.5, 40), ["2", "5", "10", "20"]),
        ((0.003, 12), [f"$\\mathdefault{{10^{{{e}}}}}$" for e in (-2, -1, 0, 1)]),
    ],
)
def test_a_logarithmic_y_axis_has_labels_that_one_can_read_between(ends, labels):
    figure = panels.new_figure(1)
    ax = figure.add_subplot()
    ax.plot(ends)
    ax.set_ylim(ends)
    panels.set_log_y(ax)
    figure.draw_without_rendering()
    shown = ax.yaxis.get_ticklabels(which="both")
    heights = [(tick.get_position()[1], tick.get_text()) for tick in shown]
    found = [text for height, text in sorted(heights) if ends[0] <= height <= ends[1]]
    assert [text for text in found if text] == labels


def test_figure_18_has_means_and_seeds_that_do_not_hide_each_other():
    rank = pd.DataFrame(
        [
            ("dln", norm, 1e-6, seed, step, learnt)
            for norm in ("none", "batch")
            for seed, ranks in ((0, (0, 2)), (1, (0, 3)))
            for step, learnt in zip((0, 100), ranks, strict=True)
        ],
        columns=["model", "norm", "lr", "seed", "step", "learnt_rank"],
    )
    (ax,) = draw("fig18_learnt_rank", {"rank": rank}).axes
    thick = [line for line in ax.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in thick] == [[0, 2.5]] * 2
    thin = [line for line in ax.lines if line.get_marker() != "o"]
    assert len({tuple(line.get_ydata()) for line in thin}) == len(thin) == 4


def test_figure_24_ranks_norms_at_their_best_rates_with_intervals():
    """batch trains fastest at 0.5, l1 at 0.1, and the standard net at 0.1."""
    losses = {("none", 0.1): 4, ("none", 0.5): 9, ("batch", 0.1): 3, ("batch", 0.5): 1}
    losses |= {("l1", 0.1): 2, ("l1", 0.5): math.nan}
    history, curvature = [], []
    for (norm, lr), loss in losses.items():
        for seed in (0, 1, 2):
            cell = {"model": "vgg", "norm": norm, "lr": lr, "seed": seed}
            factor = 1.1 ** (seed - 1)
            for step in range(40):
                row = {"step": step, "loss": loss * factor * 10 ** (1 - step / 10)}
                row["diverged"] = int(math.isnan(loss))
                history.append(cell | row)
            for step in (0, 20, 39):
                eigenvalue = {"none": 8, "batch": 2, "l1": 16}[norm] * factor
                row = {"step": step, "largest_eigenvalue": eigenvalue, "converged": 1}
                curvature.append(cell | row)
    tables = {"history": pd.DataFrame(history), "curvature": pd.DataFrame(curvature)}
    of = experiment({"vgg": "vgg"}, ["none", "batch", "l1"])
    loss, smooth, edge = axes_of(draw("fig24_ranking", tables, of))
    labels = [label.get_text() for label in loss.get_yticklabels()]
    assert labels == ["BatchNorm, 0.5", "L1, 0.1", "Standard, 0.1"]

    def marks(ax, gid):
        return {
            int(line.get_ydata()[0]): line.get_xdata()
            for line in ax.lines
            if line.get_gid() == gid
        }

    middle = 10 ** (1 - 39 / 2 / 10)
    found = {place: x[0] for place, x in marks(loss, "effect").items()}
    assert found == pytest.approx({0: middle, 1: 2 * middle, 2: 4 * middle})
    ratio = np.exp(np.array([-1, 1]) * stats.t.ppf(0.975, 2) * math.log(1.1) / 3**0.5)
    for place, ends in marks(loss, "interval").items():
        assert ends == pytest.approx(found[place] * ratio)
    assert {place: x[0] for place, x in marks(smooth, "effect").items()} == (
        pytest.approx(
            {0: 2 / 8, 1: 16 / 8}
        )  # the standard net is what is compared with
    )
    assert {place: x[0] for place, x in marks(edge, "effect").items()} == pytest.approx(
        {0: 0.5 * 2, 1: 0.1 * 16, 2: 0.1 * 8}
    )
    (line,) = (line for line in edge.lines if line.get_gid() == "edge")
    assert set(line.get_xdata()) == {2}


def test_figure_19_has_the_band_of_trainings_and_the_range_of_the_landscape():
    losses = {0.01: 9.0, 0.05: 4.0, 0.1: 2.0, 0.5: 3.0, 2.0: 8.0}
    history = pd.DataFrame(
        [("vgg", "batch", lr, 0, step, losses[lr]) for lr in losses for step in (0, 1)],
        columns=["model", "norm", "lr", "seed", "step", "loss"],
    )
    ranges = pd.DataFrame(
        [("vgg", "batch", 0.1, 0, step, "gradient", 0.5, 7.0) for step in (0, 1)],
        columns=[*history.columns[:5], "direction", "loss_low", "loss_high"],
    )
    figure = draw(
        "fig19_band_of_trainings", {"history": history, "landscape_ranges": ranges}
    )
    ends = [{line.get_ydata()[0] for line in ax.lines} for ax in figure.axes]
    # Rates far from the probed one are another matter.
    assert ends == [{2.0, 4.0}, {0.5, 7.0}]
    assert "0.05, 0.1, 0.5" in figure.axes[0].get_title()
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    history.loc[(history.lr == 0.5) & (history.step == 1), "loss"] = 1e22
    diverging = {"history": history, "landscape_ranges": ranges}
    axes = draw("fig19_band_of_trainings", diverging).axes
    # Before training the median loss is 4.
    assert [ax.get_ylim() for ax in axes] == [(0, 12)] * 2


def test_figure_20_has_each_layers_shift_of_the_first_and_the_last_quarter():
    columns = ["model", "norm", "lr", "seed", "step", "layer"]
    ics = pd.DataFrame(
        [
            ("vgg", "batch", 0.1, seed, step, layer)
            for seed in (0, 1)
            for step in (0, 10, 20, 30, 40)
            for layer in (1, 2, 3)
        ],
        columns=columns,
    )
    # Of a layer and seed: geometric mean of 1 and 4 early, of 9 alone in the middle.
    change = ics.step.map({0: 1.0, 10: 4.0, 20: 9.0, 30: 100.0, 40: 10000.0})
    ics["l2_difference"] = change * ics.layer * 10.0 ** (2 * ics.seed)
    ics["cosine"] = ics.step / 100 + ics.layer / 10 + ics.seed / 100
    # Where BatchNorm alone was probed, nothing is compared.
    early = ics.query("step == 10").assign(step=5, cosine=-1, l2_difference=1e9)
    ics = pd.concat([ics, early, ics.assign(norm="none")])
    axes = draw("fig20_shift_by_layer", {"ics": ics}).axes
    of_batch = [ax.lines[len(ax.lines) // 2 :] for ax in axes[:4]]
    thick = [line for lines in of_batch for line in lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in thick] == [[2, 3]] * 4
    early, early_cosine, late, late_cosine = (line.get_ydata() for line in thick)
    np.testing.assert_allclose(early, [2 * 2 * 10, 2 * 3 * 10])
    np.testing.assert_allclose(late, [1000 * 2 * 10, 1000 * 3 * 10])
    np.testing.assert_allclose(early_cosine, [0.255, 0.355])
    np.testing.assert_allclose(late_cosine, [0.555, 0.655])
    assert axes[0].get_ylim() == axes[2].get_ylim()
    thin = [line.get_ydata()[0] for line in of_batch[1] if line.get_marker() != "o"]
    np.testing.assert_allclose(thin, [0.25, 0.26])


def test_figure_21_has_curvature_times_the_learning_rate_and_its_edge(tables):
    axes = axes_of(draw("fig21_curvature", tables))
    for ax, of_level in zip(axes[:2], (1, -1), strict=True):
        (edge,) = [line for line in ax.lines if line.get_gid() == "edge"]
        assert list(edge.get_ydata()) == [2, 2]
        # Of "none" (level 1) and "batch" (level 2) at both rates.
        heights = {round(float(line.get_ydata()[0]), 6) for line in ax.lines}
        expected = (1, 2) if of_level == 1 else (-1, 0)
        assert heights.issuperset(expected)
        assert ax.get_yscale() == "symlog"


def test_figure_22_has_the_gradients_of_the_first_and_the_last_checkpoint(tables):
    axes = axes_of(draw("fig22_gradients_by_depth", tables))
    assert [ax.get_title().rpartition(", ")[2] for ax in axes[:2]] == [
        "step 0",
        "step 20",
    ]
    line = axes[0].lines[0]  # of "none"
    np.testing.assert_allclose(line.get_ydata(), [1 / layer for layer in LAYERS])


def test_figure_22_has_a_column_for_one_checkpoint_and_rows_for_models_probed(tables):
    depth = tables["depth"]
    early = depth[(depth.step == 0) & (depth.model == "vgg")]
    (ax,) = axes_of(draw("fig22_gradients_by_depth", {"depth": early}))
    assert ax.get_title() == "VGG, step 0"


@pytest.mark.parametrize("count", [2, curves.MAX_BANDS + 1])
def test_many_normalisers_are_shown_without_bands_at_one_rate(tables, count):
    curvature = tables["curvature"]
    one = curvature[(curvature.norm == "none") & (curvature.model == "vgg")]
    names = ["none", "batch", "layer", "group", "rms", "l1"][:count]
    many = pd.concat([one.assign(norm=name) for name in names])
    of = experiment({"vgg": "vgg", "dln": "dln"}, names)
    axes = axes_of(draw("fig21_curvature", {"curvature": many}, of))
    few = count == 2
    assert axes[0].get_title() == ("VGG" if few else f"VGG, lr {LRS['vgg'][0]:g}")
    assert len(axes[0].lines) == count * (2 if few else 1) + 1
    assert bool(axes[0].collections) == few


def test_figure_23_averages_over_hidden_layers(tables):
    invariance = tables["invariance"]
    grown = {layer: 1 + layer for layer in LAYERS}
    later = invariance.step > invariance.step.min()
    norm = invariance.weight_norm * invariance.layer.map(grown).where(later, 1)
    tables = tables | {"invariance": invariance.assign(weight_norm=norm)}
    axes = axes_of(draw("fig23_scale_invariance", tables))[:3]
    cosine, rate, angle = (ax.lines[1].get_ydata() for ax in axes)
    assert (cosine[0], rate[0], angle[0]) == pytest.approx((1 / 2, 1, 2))
    growths = [grown[layer] for layer in LAYERS[:-1]]
    assert rate[1] == pytest.approx(np.exp(-2 * np.log(growths).mean()))
    assert axes[0].get_title() == f"VGG, lr {LRS['vgg'][0]:g}"


def test_figure_25_compares_the_landscape_at_equal_loss():
    # BatchNorm's loss halves twice as often; at the same loss its range is half as wide.
    courses = {"none": (1 / 100, 1.0), "batch": (1 / 50, 0.5)}
    history, ranges = [], []
    for (norm, (halvings, width)), seed in itertools.product(courses.items(), (0, 1)):
        run = {"model": "vgg", "norm": norm, "lr": 0.1, "seed": seed}
        losses = 2.0 ** -(halvings * np.arange(300) - seed)
        history += [
            run | {"step": step, "loss": loss, "diverged": 0}
            for step, loss in enumerate(losses)
        ]
        ranges += [
            run
            | {"step": step, "direction": "gradient", "loss_low": 1.0}
            | {"loss_high": 1 + width * losses[step], "effective_beta": 20.0}
            | {"gradient_change_high": width}
            for step in (20, 120, 220, 280)
        ]
    ranges += [row | {"direction": "random", "loss_high": 99.0} for row in ranges]
    tables = {"history": history, "landscape_ranges": ranges}
    tables = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    figure = draw("fig25_landscape_over_loss", tables)
    loss_range, change, beta = axes_of(figure)
    left, right = loss_range.get_xlim()
    assert left > right
    for norm, (halvings, width) in courses.items():
        thick, *thin = sorted(
            lines_of(loss_range, EXPERIMENT.norms[norm].colour),
            key=lambda line: -line.get_linewidth(),
        )
        assert len(thin) == 2
        for line in (thick, *thin):
            ratios = line.get_ydata() / line.get_xdata()
            assert ratios == pytest.approx(width, rel=0.02)
        # From the highest loss that both seeds were probed at to the lowest.
        ends = 2.0 ** -(halvings * np.array([280, 20]) - [1, 0])
        assert thick.get_xdata()[[0, -1]] == pytest.approx(ends, rel=0.02)
        changes = lines_of(change, EXPERIMENT.norms[norm].colour)
        assert all(line.get_ydata() == pytest.approx(width) for line in changes)
    edges = [[ln.get_gid() for ln in ax.lines].count("edge") for ax in (change, beta)]
    assert edges == [0, 1]


@pytest.mark.parametrize("figure", paths.figures())
def test_an_experiment_without_the_papers_normalisers_has_all_figures(tables, figure):
    """Neither the standard network nor BatchNorm; some panels are empty."""
    module = importlib.import_module(f"normscape.figures.{figure}")
    of_mine = {
        name: table[table.norm == "mine"]
        if "norm" in table and name != "paper_curves"
        else table
        for name, table in tables.items()
    }
    drawn = module.draw(of_mine, experiment(MODELS, ["mine"]))
    assert drawn.axes
    plt.close(drawn)
