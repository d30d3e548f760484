"""How far downhill the gradient leads: the loss along it, over what its length predicts."""

import numpy as np

from normscape.figures import curves, style


def plot_downhill(ax, rows, **line) -> None:
    """Plot (L(theta - eta g) - L(theta)) / (LR ||g||²) over eta / LR, with 0 at eta = 0.

    To first order in eta it is -eta / LR. Thin lines are medians over the steps of a seed,
    the thick line is their median over seeds.

    rows : of the table ``landscape`` or ``same_function``, along the gradient.
    """
    rise = (rows.loss - rows.start_loss) / (rows.lr * rows.gradient_norm**2)
    values = rows.assign(size=rows.step_size / rows.lr, rise=rise.fillna(np.inf))
    seeds = values.groupby(["size", "seed"]).rise.median().unstack()
    seeds.loc[0.0] = 0.0
    seeds = seeds.sort_index()
    for _, seed in seeds.items():
        ax.plot(seeds.index, seed, **line | style.SEED | {"label": None})
    curves.plot_line(ax, seeds.index, seeds.median(axis=1), rows, **line)
