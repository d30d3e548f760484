"""Tables of an experiment with known numbers, and figures drawn from them.

A normaliser's level is its position in ``NORMS``, counted from 1; most columns are simple
functions of level, step and layer.
"""

import importlib
import itertools
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from experiments import experiment
from normscape.claims.decision import OPEN, VERDICTS
from normscape.pipeline import catalogue, paths
from normscape.tables import CELL, frames
from normscape.theory import instances

NORMS = ["none", "batch", "noisy_batch", "noise", "l1", "l2", "linf", "mine"]
LRS = {"vgg": [0.1, 0.5], "dln": [1e-6, 1e-7]}
MODELS = {"vgg": "vgg", "dln": "dln"}
# Models whose runs go on from a checkpoint of the VGG's.
STARTS = {
    f"vgg_{place}_from_10": {"model": "vgg", "norm": place, "lr": 0.1, "step": 10}
    for place in ("none", "batch")
}
EXPERIMENT = experiment(MODELS, NORMS, STARTS)
PARAMETRISATIONS = ("as_trained", "batch", "folded")
LAYERS = (1, 2, 3, 4, 5, 8, 9, 10, 11, 13, 17, 24)


def cross(table, **values):
    """Each row of a table once per combination of the values of new columns."""
    for column, options in values.items():
        table = table.merge(pd.DataFrame({column: list(options)}), how="cross")
    return table


def make_tables() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    runs = pd.DataFrame(
        [
            (model, norm, lr, seed, NORMS.index(norm) + 1)
            for model, lrs in LRS.items()
            for lr, norm, seed in itertools.product(lrs, NORMS, (0, 1, 2))
        ],
        columns=[*CELL, "level"],
    )
    steps = cross(runs, step=(0, 10, 20))
    layers = cross(steps, layer=LAYERS)
    bases = dict.fromkeys(catalogue.collected_tables()[2:], steps)
    bases |= {table: layers for table in bases if "layer" in frames.columns(table)}
    bases["rank"] = steps[steps.model == "dln"]
    bases["landscape"] = cross(
        steps, direction=("gradient", "random", "relative"), step_size=(0.1, 0.2)
    )
    places = steps[(steps.model == "vgg") & steps.norm.isin(["none", "batch"])]
    places = cross(places, parametrisation=PARAMETRISATIONS)
    bases["same_function"] = cross(places, step_size=(0.1, 0.4))
    bases["same_function_ics"] = cross(places, layer=LAYERS)
    bases["same_function_curvature"] = places
    bases["moments"] = layers.assign(scope="unit", unit=0)
    bases["histograms"] = cross(bases["moments"], left=np.arange(-2, 2, 0.5))

    def random_columns(base, *names, low, high):
        return {name: rng.uniform(low, high, len(bases[base])) for name in names}

    change = bases["landscape"].level * bases["landscape"].step_size
    values = {
        "landscape": {
            **dict.fromkeys(("loss", "gradient_change"), change),
            "distance": bases["landscape"].step_size,
            "cosine": 0.5,
            "draw": 0,
            "start_loss": bases["landscape"].step.map({0: 1.8, 10: 1.3, 20: 0.9}),
            "gradient_norm": 4.0,
        },
        "histograms": {
            "right": bases["histograms"].left + 0.5,
            **random_columns("histograms", "density", low=0.1, high=1),
        },
        "moments": {
            **random_columns("moments", "mean", "next_mean", low=-1, high=1),
            **random_columns("moments", "variance", "next_variance", low=1, high=2),
        },
        "ics": {"l2_difference": layers.level * 0.1, "cosine": 0.5},
        "curvature": {
            "gradient_curvature": (steps.level - 2) / steps.lr,
            "largest_eigenvalue": (steps.level + steps.step) / steps.lr,
            "converged": 1,
        },
        "depth": {"gradient_norm": layers.level / layers.layer},
        "invariance": {
            "cosine": (-1) ** layers.layer / layers.level,
            "weight_norm": layers.layer * layers.level,
            "angle": layers.level,
        },
        "rank": {"learnt_rank": bases["rank"].step // 10},
    }
    tables = {
        table: fill_columns(table, base.assign(**values.get(table, {})))
        for table, base in bases.items()
    }
    tables["history"] = make_history(pd.concat([runs, make_continuations()]))
    tables["evaluation"] = fill_columns(
        "evaluation", steps.assign(test_accuracy=steps.step / 40)
    )
    random_units = pd.DataFrame(instances.random_instances(5))
    trained_units = random_units.assign(model="vgg", norm="batch")
    tables["theory_instances"] = pd.concat([random_units, trained_units])
    tables["verdicts"] = make_verdicts()
    # Runs begin at losses of their level + 9, from 10 to 17.
    tables["constant_losses"] = pd.DataFrame({"model": list(MODELS), "loss": 10.0})
    return add_summaries(tables) | frames.read([paths.PAPER_CURVES])


def make_continuations() -> pd.DataFrame:
    """The runs that start at another's checkpoint."""
    cells = itertools.product(
        STARTS, ("none", "batch", "affine"), (0.1, 0.3), (0, 1, 2)
    )
    return pd.DataFrame(cells, columns=CELL).assign(level=2)


def fill_columns(table: str, rows) -> pd.DataFrame:
    """The rows with all declared columns of a table."""
    declared = frames.columns(table)
    number = (rows.level + rows.step).astype(float)
    values = {
        name: "text" if column.get("text") else number
        for name, column in declared.items()
        if name not in rows
    }
    return rows.assign(**values)[[*CELL, *declared]]


def make_history(runs):
    """30 steps of each run, except of one that diverges at step 9."""
    history = cross(runs, step=range(30))
    diverging = (history.norm == "noise") & (history.lr == 0.5) & (history.seed == 1)
    last = diverging & (history.step == 9)
    loss = (history.level + 9 / (1 + history.step)).mask(last)
    history = history.assign(loss=loss, accuracy=history.step / 40, gradient_norm=1.0)
    history = history.assign(diverged=last.astype(int), penalty=0.0)
    history = history[~diverging | (history.step <= 9)]
    return fill_columns("history", history)


def add_summaries(tables):
    tables = dict(tables)
    for name in catalogue.summaries():
        module = importlib.import_module(f"normscape.summaries.{name}")
        tables[name] = module.summarise(*(tables[table] for table in module.TABLES))
    return tables


def make_verdict(**changes):
    """A verdict at the same step; of a ratio below 0.8, as claimed."""
    return {
        "claim": "loss_range_vgg",
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
        "verdict": "as claimed",
        "not_learnt": None,
    } | changes


def make_verdicts():
    """55 claims in three topics and on all scales, with all that may be missing."""
    draws = np.random.default_rng(0)
    ranges = {"ratio": (math.nan, 0.8), "difference": (-0.05, 0.05), "value": (0.2, 1)}
    far = "along random directions of the weights' length "
    rows = []
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
        row = make_verdict(topic=topic, scale=scale, above=above, below=below)
        row |= numbers | {
            "claim": f"claim_{number}",
            "statement": f"The loss varies less {far * (number % 4)}with mine ({number})",
            "verdict": VERDICTS[number % len(VERDICTS)],
            "paper_effect": 0.5 if number % 4 == 0 else math.nan,
        }
        rows.append(row)
        if number % 2:
            rows.append(row | {"comparison": "same loss", "verdict": OPEN})
    return pd.DataFrame(rows)


def map_tables(function, tables):
    """Apply a function to all tables of this experiment's runs, not to the paper's."""
    others = ("paper_curves", "constant_losses")
    return {
        name: table if name in others else function(table)
        for name, table in tables.items()
    }


def make(name, tables, of=EXPERIMENT):
    """A figure that nothing has drawn yet: its data and texts, without tick labels."""
    module = importlib.import_module(f"normscape.figures.{name}")
    return module.draw({table: tables[table] for table in module.TABLES}, of)


def draw(name, tables, of=EXPERIMENT, layout=True):
    """Draw a figure, as far as it can be read without its pixels.

    layout : whether its panels are laid out, which takes most of the time.
    """
    figure = make(name, tables, of)
    if not layout:
        figure.set_layout_engine("none")
    figure.draw_without_rendering()
    return figure


def visible_axes(figure):
    return [ax for ax in figure.get_axes() if ax.get_visible()]


def texts(figure):
    return [text for t in figure.findobj(plt.Text) if (text := t.get_text())]


def lines_with_gid(ax, gid):
    return [line for line in ax.lines if line.get_gid() == gid]


def lines_of(ax, colour):
    """Our lines of this colour, without the paper's and other marks."""
    return [line for line in lines_with_gid(ax, None) if line.get_color() == colour]
