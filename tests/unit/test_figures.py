"""Figures drawn from tables with known numbers (``figure_tables``)."""

import itertools
import math
import re

import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import (
    EXPERIMENT,
    LAYERS,
    LRS,
    MODELS,
    NORMS,
    add_summaries,
    cross,
    draw,
    fill_columns,
    lines_of,
    lines_with_gid,
    make,
    make_tables,
    map_tables,
    texts,
    visible_axes,
)
from matplotlib.legend import Legend
from scipy import stats

from experiments import experiment
from normscape import components
from normscape.claims import same_loss
from normscape.claims.outcomes import AT_CHANCE, LEARNT, add_column
from normscape.figures import curves, downhill, landscapes, panels, subsets
from normscape.pipeline import catalogue
from normscape.tables import CELL, frames, rows

FIGURES = catalogue.figures()
# Of units, and of parametrisations.
WITHOUT_NORMS = {"fig16_theory", "fig26_same_function"}
# With models of the user's own.
USER_MODELS = {"vgg": "vgg", "small": "resnet", "dln": "dln", "deep": "dln"}
COLOURS = {name: norm.colour for name, norm in EXPERIMENT.norms.items()}


@pytest.fixture(scope="module")
def tables():
    return make_tables()


@pytest.fixture(scope="module")
def drawn(tables):
    """drawn(name): the figure of the whole experiment, drawn once."""
    figures = {}

    def draw_once(name):
        if name not in figures:
            figures[name] = draw(name, tables)
        return figures[name]

    return draw_once


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def assert_filled(figure):
    for ax in visible_axes(figure):
        assert ax.has_data(), ax.get_title()
        assert "not in this" not in " ".join(t.get_text() for t in ax.texts)


def assert_tick_labels_apart(figure):
    for ax in visible_axes(figure):
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
    colours = [line.get_color() for ax in visible_axes(figure) for line in ax.lines]
    for ax in visible_axes(figure):
        colours += [patch.get_facecolor() for patch in ax.patches]
    return {matplotlib.colors.to_hex(colour).upper() for colour in colours}


# Every figure


@pytest.mark.parametrize("name", FIGURES)
def test_panels_are_filled_and_labelled_and_tick_labels_apart(drawn, name):
    figure = drawn(name)
    assert_filled(figure)
    assert_tick_labels_apart(figure)
    x_labels = r"Step|Layer|[Ll]earning rate|Bound|Ratio|Training loss|Similarity"
    assert re.search(x_labels, " ".join(texts(figure)))


@pytest.mark.parametrize("name", sorted({*FIGURES} - WITHOUT_NORMS))
def test_a_users_norm_is_in_every_figure(drawn, name):
    figure = drawn(name)
    assert any("mine" in text for text in texts(figure))
    # In these figures colours stand for steps or verdicts.
    if name not in ("fig11_gradient_change", "fig17_verdicts"):
        assert COLOURS["mine"] in colours(figure)


@pytest.fixture(scope="module")
def situations(tables, tmp_path_factory):
    """Tables and experiment by situation in which panels have nothing to show."""
    folder = tmp_path_factory.mktemp("header_only")
    files = [folder / f"{table}.csv" for table in catalogue.collected_tables()[1:]]
    for file in files:
        rows.concatenate([], catalogue.columns(file.stem), file)
    header_only = {"history": tables["history"], **frames.read(files)}
    others = ("theory_instances", "paper_curves", "verdicts", "constant_losses")

    def select_vgg_without_norm(table):
        is_none = table.get("norm", table.get("subject")) == "none"
        return table[(table.model == "vgg") & is_none]

    def select_user_norm(table):
        return table[table.norm == "mine"] if "norm" in table else table

    return {
        "one network": (
            map_tables(select_vgg_without_norm, tables),
            experiment(MODELS, ["none"]),
        ),
        "no probes": (
            add_summaries(header_only) | {name: tables[name] for name in others},
            EXPERIMENT,
        ),
        "no classifier": (tables, experiment({"dln": "dln"}, NORMS)),
        "no norm of the paper": (
            map_tables(select_user_norm, tables),
            experiment(MODELS, ["mine"]),
        ),
    }


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize(
    "situation", ["one network", "no probes", "no classifier", "no norm of the paper"]
)
def test_a_panel_without_data_says_so(situations, situation, name):
    # Layout takes most of the time, so one situation has it.
    layout = situation == "no norm of the paper"
    figure = draw(name, *situations[situation], layout=layout)
    assert visible_axes(figure)
    for ax in visible_axes(figure):
        assert ax.has_data() or "not in this" in ax.texts[0].get_text()


# Runs that have not learnt


def with_outcomes(tables, failed):
    """Tables with the column ``outcome``; failed : outcomes by (norm, lr), else learnt."""
    runs = tables["runs"]
    keys = zip(runs.norm, runs.lr, strict=True)
    outcomes = runs[CELL].assign(outcome=[failed.get(key, LEARNT) for key in keys])
    return {name: add_column(table, outcomes) for name, table in tables.items()}


def pixels(figure):
    figure.canvas.draw()
    return bytes(figure.canvas.buffer_rgba())


# Figure 16 marks a trained network that the tables have a run of, Figure 17 reads verdicts.
@pytest.mark.parametrize(
    "name", sorted({*FIGURES} - {"fig16_theory", "fig17_verdicts"})
)
def test_a_figure_says_that_runs_stayed_at_chance(tables, name):
    keys = itertools.product(NORMS, itertools.chain(*LRS.values()))
    at_chance = with_outcomes(tables, dict.fromkeys(keys, AT_CHANCE))
    figure = make(name, at_chance)
    assert "stayed at chance" in " ".join(texts(figure))
    assert "diverged" not in " ".join(texts(figure))


@pytest.mark.parametrize(
    "name", ["fig00_answer", "fig04_landscape", "fig14_learning_rates", "fig24_ranking"]
)
def test_runs_that_have_learnt_have_no_mark(tables, name):
    marked, plain = (
        draw(name, t, layout=False) for t in (with_outcomes(tables, {}), tables)
    )
    assert pixels(marked) == pixels(plain)


def test_only_lines_of_runs_that_have_not_learnt_are_hollow(tables):
    failed = {("none", 0.1): AT_CHANCE}
    figure = draw("fig04_landscape", with_outcomes(tables, failed))
    axes = {ax.get_title(loc="left"): ax for ax in visible_axes(figure)}
    hollow = [
        bool(lines_with_gid(axes[f"VGG, lr {lr}"], AT_CHANCE)) for lr in (0.1, 0.5)
    ]
    assert hollow == [True, False]


def test_a_diverged_run_ends_in_a_cross(drawn):
    lines = [line for ax in drawn("fig02_noisy_batch_norm").axes for line in ax.lines]
    (cross,) = [line for line in lines if line.get_marker() == "x"]
    assert list(cross.get_xdata()) == [9]


# Models, layers, normalisers, learning rates


@pytest.fixture(scope="module")
def user_tables(tables):
    """Tables with the model "small", whose runs are the VGG's, and "deep", with the DLN's."""

    def add_models(table):
        names = {"vgg": "small", "dln": "deep"}
        table = table[table.model.isin([*names, "random"])]
        copies = table[table.model.isin(names)]
        return pd.concat([table, copies.assign(model=copies.model.map(names))])

    return map_tables(add_models, tables)


@pytest.mark.parametrize(
    ("name", "model", "label_of_copied"),
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
def test_a_users_model_has_the_panels_of_others(
    user_tables, name, model, label_of_copied
):
    figure = draw(name, user_tables, experiment(USER_MODELS, NORMS))
    counts = [
        sum(label in text for text in texts(figure))
        for label in (model, label_of_copied)
    ]
    assert counts[0] == counts[1] > 0
    assert_filled(figure)
    assert_tick_labels_apart(figure)
    alone = experiment({model: USER_MODELS[model]}, NORMS)
    assert_filled(make(name, user_tables, alone))


def layers_shown(figure):
    numbers = re.findall(r"[Ll]ayer (\d+)", " ".join(texts(figure)))
    return sorted(map(int, set(numbers)))


@pytest.mark.parametrize(
    ("name", "paper", "shallow"),
    [
        ("fig01_training_curves", [3, 11], [3, 9]),
        ("fig02_noisy_batch_norm", [2, 9, 13], [2, 5, 9]),
        ("fig06_lp_activations", [11], [5]),
        ("fig08_moment_drift", [2, 9, 13], [2, 5, 9]),
    ],
)
def test_figures_of_one_network_show_layers_that_it_has(
    tables, user_tables, name, paper, shallow
):
    """The paper's layers of a VGG, others of a shallower VGG, the declared ones of others."""
    norms = ["none", "batch"]

    def keep_ten_layers(table):
        return table[table.layer <= 10] if "layer" in table else table

    few_layers = map_tables(keep_ten_layers, tables)
    for models, of_models, expected in (
        ({"small": "resnet", "vgg": "vgg"}, user_tables, [4, 8]),
        (MODELS, tables, paper),
        ({"vgg": "vgg"}, few_layers, shallow),
    ):
        figure = make(name, of_models, experiment(models, norms))
        assert_filled(figure)
        assert layers_shown(figure) == expected


def test_colours_of_norms_differ_and_do_not_depend_on_the_experiment():
    assert len(set(COLOURS.values())) == len(NORMS)
    other = experiment({"vgg": "vgg"}, ["batch", "mine"]).norms
    assert other == {name: EXPERIMENT.norms[name] for name in ("batch", "mine")}
    norms = subsets.choose_norms(EXPERIMENT, "none", "batch")
    assert [norm.name for norm in norms] == ["none", "batch", "mine"]


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("fig02_noisy_batch_norm", ["lr 0.1", "lr 0.5"]),
        ("fig05_lp_norms", ["VGG, lr 0.1", "VGG, lr 0.5"]),
        ("fig01_training_curves", []),
    ],
)
def test_figures_of_training_show_the_first_two_of_six_rates(tables, name, titles):
    def copy_rates(table):
        if "lr" not in table:
            return table
        first = table[(table.model == "vgg") & (table.lr == 0.1)]
        lrs = (0.1, 0.5, 0.05, 0.2, 1.0, 2.0)
        others = table[table.model != "vgg"]
        return pd.concat([*(first.assign(lr=lr) for lr in lrs), others])

    figure = draw(name, map_tables(copy_rates, tables), layout=False)
    shown = [ax.get_title() for ax in visible_axes(figure)]
    shown = [title for title in shown if "lr" in title and "DLN" not in title]
    assert shown == titles
    if not titles:  # one panel with dashes
        assert [text for text in texts(figure) if "lr" in text] == ["lr 0.1", "lr 0.5"]
        for ax in visible_axes(figure)[:2]:
            lines = lines_of(ax, COLOURS["batch"])
            assert [line.get_linestyle() for line in lines] == ["-", "--"]


# Lines


def make_seeds(*seeds):
    """One row per seed and step of the values of ``y`` given for each seed."""
    return pd.DataFrame(
        [
            {"seed": seed, "step": step, "y": y}
            for seed, values in enumerate(seeds)
            for step, y in enumerate(values)
        ]
    )


def test_plot_mean_has_a_band_over_the_range_of_seeds():
    _, ax = plt.subplots()
    table = make_seeds([1, 2, 3, 4], [2, 4, 6, 8], [3, 6, 9, 12])
    curves.plot_mean(ax, table, "step", "y", color="#000000")
    assert list(ax.lines[0].get_ydata()) == [2, 4, 6, 8]
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (1, 12)


@pytest.mark.parametrize(
    ("seeds", "median"),
    [([1, 100], 10), ([1, 10, 1e9], 10), ([1e-9, 2, 8, 1e9], 4), ([3], 3)],
)
def test_a_thick_line_is_the_median_of_logarithms(seeds, median):
    _, ax = plt.subplots()
    curves.plot_medians(ax, make_seeds(*([y] for y in seeds)), "step", "y")
    thick, *thin = ax.lines
    assert thick.get_ydata() == pytest.approx([median])
    assert all(line.get_linewidth() < thick.get_linewidth() for line in thin)
    values = [float(line.get_ydata()[0]) for line in thin]
    assert values == pytest.approx(seeds if len(seeds) > 1 else [])


def test_rows_of_a_seed_are_averaged_before_the_median():
    _, ax = plt.subplots()
    draws = pd.concat([make_seeds([1], [4]), make_seeds([100], [4])])
    curves.plot_medians(ax, draws, "step", "y")
    assert ax.lines[0].get_ydata() == pytest.approx([math.sqrt(10 * 4)])


def test_overflow_is_the_largest_value_and_a_triangle_at_the_top():
    _, ax = plt.subplots()
    # The second seed overflows, once as empty; the third ends with it, as runs that diverge.
    seeds = make_seeds([1, 1, 1, 1], [9, math.inf, math.nan, 9], [4, 4, math.inf])
    curves.plot_medians(ax, seeds, "step", "y", color="#000000")
    median, *thin, tops = ax.lines
    # Medians of (1, 9, 4), (1, inf, 4), (1, inf, inf), (1, 9, inf)
    assert median.get_ydata() == pytest.approx([4, 4, math.nan, 9], nan_ok=True)
    second = [9, math.nan, math.nan, 9]
    assert thin[1].get_ydata() == pytest.approx(second, nan_ok=True)
    assert tops.get_marker() == "^"
    assert list(tops.get_xdata()) == [1, 2]
    assert set(tops.get_ydata()) == {1}
    assert tops.get_transform() == ax.get_xaxis_transform()


def test_downhill_the_loss_falls_by_a_share_of_what_its_gradient_promises():
    _, ax = plt.subplots()
    lr, norm, sizes, shares = 0.1, 3.0, np.array([1, 2, 4]), (1.0, 0.5, 0.9)
    rows = pd.concat(
        pd.DataFrame(
            {
                "seed": seed,
                "lr": lr,
                "step_size": lr * sizes,
                "start_loss": start,
                "loss": start - share * lr * sizes * norm**2,
                "gradient_norm": norm,
            }
        )
        for seed, share in enumerate(shares)
        for start in (5.0, 7.0)
    )
    downhill.plot_downhill(ax, rows, color="#000000")
    *seeds, median, promised, zero = ax.lines
    for line, share in zip((*seeds, median), (*shares, 0.9), strict=True):
        assert line.get_xdata() == pytest.approx([0, 1, 2, 4])
        assert line.get_ydata() == pytest.approx(-share * line.get_xdata())
    assert (list(promised.get_xdata()), list(promised.get_ydata())) == ([0, 4], [0, -4])
    assert list(zero.get_ydata()) == [0, 0]


def test_a_norm_that_only_overflows_is_shown_and_explained(tables, drawn):
    ranges = tables["landscape_ranges"].copy()
    overflowed = (ranges.model == "dln") & (ranges.norm == "none")
    columns = ["loss_low", "loss_high", "gradient_change_high", "effective_beta"]
    ranges.loc[overflowed, columns] = math.nan
    figure = draw("fig10_dln_landscape", tables | {"landscape_ranges": ranges})
    for ax in visible_axes(figure):
        (tops,) = lines_with_gid(ax, "overflow")
        assert tops.get_color() == COLOURS["none"]
        assert list(tops.get_xdata()) == [0, 10, 20]
    assert "A seed overflowed" in texts(figure)
    assert "A seed overflowed" not in texts(drawn("fig10_dln_landscape"))


# Panels


def test_an_empty_panel_leaves_the_axes_of_others_alone():
    figure, (full, empty) = plt.subplots(1, 2, sharey=True)
    full.semilogy([0, 1], [1.0, 1e6])
    panels.note_if_empty(empty)
    figure.canvas.draw()
    assert [label.get_text() for label in full.get_yticklabels() if label.get_text()]
    assert not any(label.get_visible() for label in empty.get_yticklabels())


@pytest.mark.parametrize(
    ("values", "share", "labels"),
    [
        ([20, 100, 400, 800], 1 / 4, ["20", "100", "", "800"]),
        ([0.2, 0.5, 1, 2], 3 / 8, ["0.2", "0.5", "", "2"]),
    ],
)
def test_ticks_that_would_touch_have_no_label(values, share, labels):
    _, ax = plt.subplots()
    panels.set_log_x(ax, values, share)
    assert [label.get_text() for label in ax.get_xticklabels()] == labels


@pytest.mark.parametrize(
    ("limits", "labels"),
    [
        ((1.5, 40), ["2", "5", "10", "20"]),
        ((0.003, 12), [f"$\\mathdefault{{10^{{{e}}}}}$" for e in (-2, -1, 0, 1)]),
    ],
)
def test_a_logarithmic_y_axis_has_several_labels(limits, labels):
    figure = panels.new_figure(1)
    ax = figure.add_subplot()
    ax.plot(limits)
    ax.set_ylim(limits)
    panels.set_log_y(ax)
    figure.draw_without_rendering()
    low, high = limits
    ticks = ax.yaxis.get_ticklabels(which="both")
    by_height = sorted((tick.get_position()[1], tick.get_text()) for tick in ticks)
    assert [text for y, text in by_height if text and low <= y <= high] == labels


@pytest.mark.parametrize("count", [2, 7, 13, 17])
def test_a_legend_is_as_wide_as_the_figure_at_most(count):
    norms = list(experiment({"vgg": "vgg"}, components.names("norms")).norms.values())
    figure = panels.new_figure(2)
    figure.add_subplot().axhline(2, gid="edge")
    panels.add_legend(figure, norms[:count])
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert len(legend.get_texts()) == count + 1
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("fig21_curvature", "curvature"),
        ("fig22_gradients_by_depth", "depth"),
        ("fig23_scale_invariance", "invariance"),
        ("fig28_sample_similarity", "similarity"),
    ],
)
def test_a_legend_names_only_normalisers_that_were_measured(tables, name, table):
    """Their probes are of a few, in an experiment of many."""
    rows = tables[table]
    few = tables | {table: rows[rows.norm.isin(["none", "batch"])]}
    (legend,) = draw(name, few).legends
    entries = {text.get_text() for text in legend.get_texts()}
    assert {"No normalisation", "BatchNorm"} <= entries
    assert not entries & {"Noisy BatchNorm", "L1", "L2", "Mine"}


def test_names_of_many_normalisers_do_not_overlap(tables):
    """A row of Figure 24 is as high as its text."""
    names = components.names("norms")[:13]

    def with_many_norms(table):
        if "norm" not in table:
            return table
        one = table[table.norm == "l1"]
        many = pd.concat([one.assign(norm=name) for name in names])
        return many[(many.model == "vgg") | (many.norm == names[0])]

    many = map_tables(with_many_norms, tables)
    figure = draw("fig24_ranking", many, experiment(MODELS, names))
    for ax, count in zip(visible_axes(figure)[::3], (len(names), 1), strict=True):
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        assert len(boxes) == count
        for below, above in itertools.pairwise(sorted(boxes, key=lambda box: box.y0)):
            assert below.y1 <= above.y0


# Single figures


def test_figure_0_shows_cosines_over_a_loss_that_falls_to_the_right(drawn):
    ax = visible_axes(drawn("fig00_answer"))[1]
    assert (ax.get_xlabel(), ax.get_xscale()) == ("Training loss", "log")
    left, right = ax.get_xlim()
    assert left > right
    # Losses of "batch" are 2 + 9 / (1 + step); steps 0, 10 and 20 are probed.
    losses = np.log(2 + 9 / np.arange(1.0, 31))
    expected = [np.exp(losses[max(0, s - 5) : s + 5].mean()) for s in (20, 10, 0)]
    *seeds, mean = sorted(
        lines_of(ax, COLOURS["batch"]), key=lambda line: line.get_linewidth()
    )
    assert len(seeds) == 3
    for line in seeds:
        assert line.get_xdata() == pytest.approx(expected)
        assert line.get_ydata() == pytest.approx([0.5] * 3)
    # Of the five levels of a constant loss of 10, those between the runs' losses.
    assert list(mean.get_xdata()) == pytest.approx([5.5, 4.8, 4.2])


def test_figure_3_has_the_declared_layers_and_logarithmic_differences(user_tables):
    experiment_ = experiment(USER_MODELS, NORMS)
    figure = draw("fig03_internal_covariate_shift", user_tables, experiment_)
    dln_lrs = ("1e-06", "1e-07")
    assert {ax.get_title() for ax in visible_axes(figure)} == {
        f"{model}, layer {layer}\nlr {lr}"
        for model, layers, lrs in (
            ("VGG", (5, 10), (0.1, 0.5)),
            ("small", (4, 8), (0.1, 0.5)),
            ("DLN", (9, 17), dln_lrs),
            ("deep", (9, 17), dln_lrs),
        )
        for layer in layers
        for lr in lrs
    }
    for ax in visible_axes(figure):
        expected = "log" if "difference" in ax.get_ylabel() else "linear"
        assert ax.get_yscale() == expected


def test_figure_3_says_that_the_first_layer_has_no_shift(tables):
    ics = tables["ics"].query("layer <= 2")
    first = ics.layer == 1
    zero = {"l2_difference": ics.l2_difference.mask(first, 0)}
    ics = ics.assign(**zero, cosine=ics.cosine.mask(first, 1))
    words = texts(draw("fig03_internal_covariate_shift", {"ics": ics}))
    assert sum("by definition" in text for text in words) == 8
    assert not any("not in this" in text for text in words)


def test_figure_4_shows_ranges_changes_and_beta_times_the_rate(drawn):
    figure = drawn("fig04_landscape")
    loss, change, beta = visible_axes(figure)[:3]
    assert loss.get_title(loc="left") == "VGG, lr 0.1"
    for ax, value in ((loss, 0.1), (change, 0.2), (beta, 0.1)):
        assert ax.get_yscale() == "log"
        # Values are level * step size for step sizes 0.1 and 0.2, equal for all seeds.
        for norm, level in (("none", 1), ("batch", 2), ("mine", 8)):
            lines = lines_of(ax, COLOURS[norm])
            assert len(lines) == 1 + 3  # the median and the seeds
            for line in lines:
                assert line.get_ydata() == pytest.approx([level * value] * 3)
    (edge,) = lines_with_gid(beta, "edge")
    assert set(edge.get_ydata()) == {2}
    assert "edge of stability" in " ".join(texts(figure))


def with_longer_steps(tables, factor):
    """Our tables with all steps multiplied."""

    def multiply(table):
        return table.assign(step=table.step * factor) if "step" in table else table

    return map_tables(multiply, tables)


@pytest.mark.parametrize(
    ("name", "medians"),
    [
        # Of loss variation and gradient change; beta is 2 / rate.
        ("fig04_landscape", [2.321 - 1.393, 47.01, 2.0]),
        ("fig10_dln_landscape", [1.714e4, 1.65e6, 3.66]),
        ("fig05_lp_norms", []),
    ],
)
def test_the_papers_curves_need_a_fifth_of_their_steps(tables, drawn, name, medians):
    assert not [x for ax in drawn(name).axes for x in lines_with_gid(ax, "paper")]
    figure = draw(name, with_longer_steps(tables, 800))
    assert_tick_labels_apart(figure)
    lines = [x for ax in visible_axes(figure) for x in lines_with_gid(ax, "paper")]
    assert lines
    assert all(len(line.get_xdata()) > 50 for line in lines)
    shown = [
        np.median(x.get_ydata()) for x in lines if x.get_color() == COLOURS["none"]
    ]
    assert shown[: len(medians)] == pytest.approx(medians, rel=0.2)


def test_the_papers_curves_end_where_ours_do(tables):
    tables = with_longer_steps(tables, 250)
    last = tables["landscape_ranges"].step.max()
    axes = visible_axes(draw("fig04_landscape", tables))
    lines = [line for ax in axes for line in lines_with_gid(ax, "paper")]
    assert lines
    assert all(3000 < max(line.get_xdata()) <= last < 15_000 for line in lines)


def test_figure_10_has_a_row_per_rate(drawn):
    axes = visible_axes(drawn("fig10_dln_landscape"))
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles == ["DLN, lr 1e-06", "", "", "DLN, lr 1e-07", "", ""]
    for ax, lr in ((axes[2], 1e-6), (axes[5], 1e-7)):
        (line, *_) = lines_of(ax, COLOURS["batch"])
        assert line.get_ydata() == pytest.approx([2 * lr] * 3)


def test_figure_11_shows_steps_at_which_all_were_probed(tables):
    landscape = tables["landscape"]
    steps = {str(step) for step in landscape.step}
    early = landscape[landscape.norm == "batch"].assign(step=1)
    tables = tables | {"landscape": pd.concat([early, landscape])}
    figure = draw("fig11_gradient_change", tables)
    legends = figure.findobj(Legend)
    assert len(legends) == 2
    for legend in legends:
        assert {text.get_text() for text in legend.get_texts()} == steps
    assert {"VGG, lr 0.1", "DLN, lr 1e-06", "BatchNorm"} <= set(texts(figure))


@pytest.mark.parametrize(
    ("name", "label"),
    [("fig12_lp_landscape_vgg", "VGG"), ("fig13_lp_landscape_dln", "DLN")],
)
def test_figures_12_and_13_have_a_row_per_norm_with_none_in_grey(drawn, name, label):
    figure = drawn(name)
    grid = np.reshape(visible_axes(figure), (-1, 4))
    norms = ["batch", "l1", "l2", "linf", "mine"]
    assert any(text.startswith(f"{label}, lr") for text in texts(figure))
    for axes, norm in zip(grid, norms, strict=True):
        assert axes[0].get_ylabel() == EXPERIMENT.norms[norm].label
        for ax in axes:
            lines = lines_with_gid(ax, None)
            shown = {line.get_color() for line in lines}
            assert shown == {COLOURS[norm], landscapes.REFERENCE}
        level = NORMS.index(norm) + 1
        for colour, expected in ((COLOURS[norm], level), (landscapes.REFERENCE, 1)):
            line = lines_of(axes[1], colour)[0]
            assert line.get_ydata() == pytest.approx([expected * 0.1] * 3)
    for column in grid.T:
        assert len({ax.get_ylim() for ax in column}) == 1


def make_runs(model="vgg", **final_values):
    """Runs whose seeds end at these values, by normaliser and learning rate."""
    return pd.DataFrame(
        [
            {"model": model, "norm": norm, "lr": lr, "seed": seed}
            | {"diverged_at": 5 if math.isnan(value) else math.nan}
            | {"final_accuracy": value, "final_loss": value}
            for norm, by_lr in final_values.items()
            for lr, seeds in by_lr.items()
            for seed, value in enumerate(seeds)
        ]
    )


def test_figure_14_has_medians_over_all_seeds_with_those_that_diverged():
    nan = math.nan
    none = {0.1: [0.5, 0.6, 0.9], 0.5: [0.5, nan, nan], 2.0: [nan, nan, nan]}
    runs = make_runs(none=none, l1={0.1: [0.7, 0.8, 0.9], 0.5: [0.7, 0.8, nan]})
    two_norms = experiment({"vgg": "vgg"}, ["none", "l1"])
    (ax,) = visible_axes(draw("fig14_learning_rates", {"runs": runs}, two_norms))
    points, median, crosses = lines_of(ax, COLOURS["none"])
    assert sorted(points.get_ydata()) == [0.5, 0.5, 0.6, 0.9]
    assert list(median.get_xdata()) == [0.1, 0.5, 2.0]
    assert list(median.get_ydata()) == [0.6, 0, 0]
    assert crosses.get_marker() == "x"
    assert list(crosses.get_ydata()) == [0] * 5  # the bottom of the axis
    assert crosses.get_transform() == ax.get_xaxis_transform()
    # L1 has two rates, too few for a line.
    points, crosses = lines_of(ax, COLOURS["l1"])
    assert points.get_linestyle() == "None"
    assert len(crosses.get_xdata()) == 1
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["0.1", "0.5", "2"]


def test_figure_14_puts_an_infinite_loss_at_the_top():
    ends = {1e-6: [5.0, 7.0, math.nan], 1e-7: [5.0] * 3, 1e-5: [math.nan] * 3}
    runs = make_runs("dln", none=ends)
    one_norm = experiment({"dln": "dln"}, ["none"])
    (ax,) = visible_axes(draw("fig14_learning_rates", {"runs": runs}, one_norm))
    _, median, crosses = ax.lines
    # The median of 5, 7 and infinity is 7; that of three infinities cannot be shown.
    assert median.get_ydata() == pytest.approx([5, 7, math.nan], nan_ok=True)
    assert list(crosses.get_ydata()) == [1] * 4


def test_figure_15_divides_gradient_change_along_relative_directions(drawn):
    axes = np.reshape(visible_axes(drawn("fig15_random_directions")), (-1, 3))
    assert [row[0].get_title(loc="left") for row in axes] == [
        f"{model}, directions as long as the {length}"
        for model in ("VGG, lr 0.1", "DLN, lr 1e-06")
        for length in ("gradient", "weights")
    ]
    absolute, relative = (
        lines_of(row[1], COLOURS["batch"])[0].get_ydata() for row in axes[:2]
    )
    assert relative == pytest.approx(absolute / 4)  # the gradient's norm


def test_figure_16_shows_every_instance(tables, drawn):
    instances = tables["theory_instances"]
    for ax in visible_axes(drawn("fig16_theory")):
        statement, *printed = ax.get_title().split(", as ")
        form = "printed" if printed else "holds"
        chosen = (instances.statement == statement) & (instances.form == form)
        points = np.concatenate([line.get_ydata() for line in ax.lines[:3]])
        assert sorted(points) == sorted(instances.actual[chosen])


def test_figure_18_has_means_and_seeds_that_do_not_hide_each_other():
    rank = pd.DataFrame({"model": ["dln"], "lr": 1e-6})
    rank = cross(rank, norm=["none", "batch"], seed=[0, 1], step=[0, 100])
    rank["learnt_rank"] = (rank.step > 0) * (2 + rank.seed)
    (ax,) = draw("fig18_learnt_rank", {"rank": rank}).axes
    thick = [line for line in ax.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in thick] == [[0, 2.5]] * 2
    thin = [line for line in ax.lines if line.get_marker() != "o"]
    assert len({tuple(line.get_ydata()) for line in thin}) == len(thin) == 4


def test_figure_19_has_a_band_of_runs_and_the_range_of_the_landscape():
    losses = {0.01: 9.0, 0.05: 4.0, 0.1: 2.0, 0.5: 3.0, 2.0: 8.0}
    run = pd.DataFrame({"model": ["vgg"], "norm": "batch", "seed": 0})
    history = cross(run, lr=losses, step=(0, 1))
    history["loss"] = history.lr.map(losses)
    ranges = cross(run.assign(lr=0.1, direction="gradient"), step=(0, 1))
    ranges = ranges.assign(loss_low=0.5, loss_high=7.0)
    tables = {"history": history, "landscape_ranges": ranges}
    axes = draw("fig19_band_of_trainings", tables).axes
    edges = [{line.get_ydata()[0] for line in ax.lines} for ax in axes]
    # The smallest and the largest rate are too far from the probed one.
    assert edges == [{2.0, 4.0}, {0.5, 7.0}]
    assert "0.05, 0.1, 0.5" in axes[0].get_title()
    assert axes[0].get_ylim() == axes[1].get_ylim()
    history.loc[(history.lr == 0.5) & (history.step == 1), "loss"] = 1e22
    axes = draw("fig19_band_of_trainings", tables).axes
    # The median loss before training is 4.
    assert [ax.get_ylim() for ax in axes] == [(0, 12)] * 2


def test_figure_20_has_each_layers_shift_in_the_first_and_the_last_quarter():
    run = pd.DataFrame({"model": ["vgg"], "norm": "batch", "lr": 0.1})
    ics = cross(run, seed=(0, 1), step=(0, 10, 20, 30, 40), layer=(1, 2, 3))
    # Per layer and seed, the geometric mean is that of 1 and 4 early, of 100 and 10,000 late.
    change = ics.step.map({0: 1.0, 10: 4.0, 20: 9.0, 30: 100.0, 40: 10000.0})
    ics["l2_difference"] = change * ics.layer * 10.0 ** (2 * ics.seed)
    ics["cosine"] = ics.step / 100 + ics.layer / 10 + ics.seed / 100
    # At step 5 BatchNorm alone was probed, so that step does not count.
    early = ics.query("step == 10").assign(step=5, cosine=-1, l2_difference=1e9)
    ics = pd.concat([ics, early, ics.assign(norm="none")])
    axes = draw("fig20_shift_by_layer", {"ics": ics}).axes[:4]
    batch = [ax.lines[len(ax.lines) // 2 :] for ax in axes]
    thick = [line for lines in batch for line in lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in thick] == [[2, 3]] * 4
    expected = [[40, 60], [0.255, 0.355], [20_000, 30_000], [0.555, 0.655]]
    for line, values in zip(thick, expected, strict=True):
        assert line.get_ydata() == pytest.approx(values)
    assert axes[0].get_ylim() == axes[2].get_ylim()
    thin = [line.get_ydata()[0] for line in batch[1] if line.get_marker() != "o"]
    assert thin == pytest.approx([0.25, 0.26])


def test_figure_21_has_curvature_times_the_learning_rate_and_its_edge(drawn):
    axes = visible_axes(drawn("fig21_curvature"))
    # First values of "none" (level 1) and "batch" (level 2), at all rates.
    for ax, expected in zip(axes[:2], ((1, 2), (-1, 0)), strict=True):
        (edge,) = lines_with_gid(ax, "edge")
        assert list(edge.get_ydata()) == [2, 2]
        heights = {round(float(line.get_ydata()[0]), 6) for line in ax.lines}
        assert heights.issuperset(expected)
        assert ax.get_yscale() == "symlog"


@pytest.mark.parametrize(
    ("count", "title", "rates"),
    [
        (2, "VGG, lr 0.1, dashed: 0.5", 2),
        (curves.MAX_BANDS + 1, "VGG, lr 0.1", 1),
    ],
)
def test_figure_21_shows_many_norms_without_bands_at_one_rate(
    tables, count, title, rates
):
    curvature = tables["curvature"]
    none = curvature[(curvature.norm == "none") & (curvature.model == "vgg")]
    norms = ["none", "batch", "layer", "group", "rms", "l1"][:count]
    curvature = pd.concat([none.assign(norm=norm) for norm in norms])
    figure = draw(
        "fig21_curvature", {"curvature": curvature}, experiment(MODELS, norms)
    )
    ax = visible_axes(figure)[0]
    assert ax.get_title() == title
    assert len(ax.lines) == count * rates + 1
    assert bool(ax.collections) == (rates == 2)


def test_figure_22_has_the_gradients_of_the_first_and_the_last_checkpoint(
    tables, drawn
):
    axes = visible_axes(drawn("fig22_gradients_by_depth"))
    assert [ax.get_title() for ax in axes[:2]] == ["VGG, step 0", "VGG, step 20"]
    line = axes[0].lines[0]  # without normalisation
    assert line.get_ydata() == pytest.approx([1 / layer for layer in LAYERS])
    first = tables["depth"].query("step == 0 and model == 'vgg'")
    (ax,) = visible_axes(draw("fig22_gradients_by_depth", {"depth": first}))
    assert ax.get_title() == "VGG, step 0"


def test_figure_28_has_one_mark_per_run_at_the_best_rate(tables):
    similarity = tables["similarity"]
    levels = similarity.norm.map(NORMS.index) + 1
    alike = similarity.assign(similarity=levels / 10 + similarity.step)
    marks = {"similarity": alike, "history": tables["history"]}
    vgg, _ = visible_axes(draw("fig28_sample_similarity", marks))
    losses = np.exp(np.log(2 + 9 / np.arange(1, 31)).mean())
    marks = [line.get_xydata()[0] for line in lines_of(vgg, COLOURS["batch"])]
    assert np.array(marks) == pytest.approx(np.array([(0.2, losses)] * 3))


def test_figure_23_averages_over_hidden_layers(tables):
    invariance = tables["invariance"]
    growth = {layer: 1 + layer for layer in LAYERS}
    later = invariance.step > 0
    norm = invariance.weight_norm * invariance.layer.map(growth).where(later, 1)
    tables = {"invariance": invariance.assign(weight_norm=norm)}
    axes = visible_axes(draw("fig23_scale_invariance", tables))[:3]
    assert axes[0].get_title() == f"VGG, lr {LRS['vgg'][0]:g}"
    cosine, rate, angle = (ax.lines[1].get_ydata() for ax in axes)
    assert (cosine[0], rate[0], angle[0]) == pytest.approx((1 / 2, 1, 2))
    growths = [growth[layer] for layer in LAYERS[:-1]]
    assert rate[1] == pytest.approx(np.exp(-2 * np.log(growths).mean()))


def test_figure_24_ranks_norms_at_their_best_rates_with_intervals():
    """BatchNorm trains fastest at 0.5, L1 and the network without a norm at 0.1."""
    losses = {("none", 0.1): 4, ("none", 0.5): 9, ("batch", 0.1): 3, ("batch", 0.5): 1}
    losses |= {("l1", 0.1): 2, ("l1", 0.5): math.nan}
    runs = pd.DataFrame(losses.keys(), columns=["norm", "lr"]).assign(model="vgg")
    runs = cross(runs.assign(loss=losses.values()), seed=(0, 1, 2))
    runs["factor"] = 1.1 ** (runs.seed - 1)
    history = cross(runs, step=range(40))
    history["loss"] *= history.factor * 10 ** (1 - history.step / 10)
    history["diverged"] = history.loss.isna().astype(int)
    history["penalty"] = 0.0
    curvature = cross(runs, step=(0, 20, 39))
    eigenvalue = curvature.norm.map({"none": 8, "batch": 2, "l1": 16})
    curvature["largest_eigenvalue"] = eigenvalue * curvature.factor
    curvature["converged"] = 1
    constant = pd.DataFrame({"model": ["vgg"], "loss": 1.0})
    tables = {"history": history, "curvature": curvature, "constant_losses": constant}
    norms = experiment({"vgg": "vgg"}, ["none", "batch", "l1"])
    loss, smooth, edge = visible_axes(draw("fig24_ranking", tables, norms))
    labels = [label.get_text() for label in loss.get_yticklabels()]
    assert labels == ["BatchNorm, 0.5", "L1, 0.1", "No normalisation, 0.1"]

    def marks(ax, gid):
        """x of marks or intervals by row."""
        lines = lines_with_gid(ax, gid)
        return {int(line.get_ydata()[0]): list(line.get_xdata()) for line in lines}

    middle = 10 ** (1 - 39 / 2 / 10)
    effects = {0: [middle], 1: [2 * middle], 2: [4 * middle]}
    assert marks(loss, "effect") == {k: pytest.approx(v) for k, v in effects.items()}
    ratio = np.exp(np.array([-1, 1]) * stats.t.ppf(0.975, 2) * math.log(1.1) / 3**0.5)
    for row, ends in marks(loss, "interval").items():
        assert ends == pytest.approx(effects[row] * ratio)
    # Ratios of the eigenvalue to the network without normalisation, which has none itself.
    assert marks(smooth, "effect") == {0: pytest.approx([1 / 4]), 1: pytest.approx([2])}
    expected = {0: 0.5 * 2, 1: 0.1 * 16, 2: 0.1 * 8}
    shown = marks(edge, "effect")
    assert shown == {row: pytest.approx([x]) for row, x in expected.items()}
    (line,) = lines_with_gid(edge, "edge")
    assert set(line.get_xdata()) == {2}


def test_figure_25_compares_the_landscape_at_the_same_loss():
    # BatchNorm's loss halves twice as often; at the same loss its range is half as wide.
    halvings, widths = {"none": 1 / 100, "batch": 1 / 50}, {"none": 1.0, "batch": 0.5}
    run = pd.DataFrame({"model": ["vgg"], "lr": 0.1})
    history = cross(run, norm=halvings, seed=(0, 1), step=range(300))
    exponent = history.step * history.norm.map(halvings) - history.seed
    history = history.assign(loss=2.0**-exponent + 1, penalty=1.0, diverged=0)
    ranges = history[history.step.isin((20, 120, 220, 280))]
    width = ranges.norm.map(widths)
    # Without the penalty.
    ranges = ranges.assign(loss_low=1.0, loss_high=1 + width * (ranges.loss - 1))
    ranges = ranges.assign(effective_beta=20.0, gradient_change_high=width)
    ranges = ranges.drop(columns="loss").assign(direction="gradient")
    random = ranges.assign(direction="random", loss_high=99.0)
    tables = {"history": history, "landscape_ranges": pd.concat([ranges, random])}
    tables["constant_losses"] = pd.DataFrame({"model": ["vgg"], "loss": 1.0})
    figure = draw("fig25_landscape_over_loss", tables)
    loss_range, change, beta = visible_axes(figure)
    left, right = loss_range.get_xlim()
    assert left > right
    for norm, width in widths.items():
        *thin, thick = sorted(
            lines_of(loss_range, COLOURS[norm]), key=lambda line: line.get_linewidth()
        )
        assert len(thin) == 2
        for line in (thick, *thin):
            ratios = line.get_ydata() / line.get_xdata()
            assert ratios == pytest.approx(width, rel=0.02)
        assert list(thick.get_xdata()) == list(same_loss.LEVELS)
        changes = lines_of(change, COLOURS[norm])
        assert all(line.get_ydata() == pytest.approx(width) for line in changes)
    assert [len(lines_with_gid(ax, "edge")) for ax in (change, beta)] == [0, 1]


@pytest.mark.parametrize("table", catalogue.collected_tables()[2:])
def test_made_up_tables_have_the_declared_columns(table):
    run = pd.DataFrame([["vgg", "none", 0.1, 0, 1]], columns=[*CELL, "level"])
    columns = list(fill_columns(table, cross(run, step=(0,), layer=(1,))))
    assert columns == catalogue.columns(table)
