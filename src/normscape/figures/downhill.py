"""How far downhill the gradient leads: the loss along it, over what its length promises."""

import numpy as np

from normscape.figures import curves, style


def plot_downhill(ax, rows, **line) -> None:
    """Plot (L(theta - eta g) - L(theta)) / (LR ||g||²) over eta / LR.

    To first order in eta it is -eta / LR, which is drawn dotted. Thin lines are medians over
    the steps of a seed, the thick line is their median over seeds. The axis ends where the
    loss has risen by as much as it could have fallen.

    rows : along the gradient, of the table ``landscape`` or ``same_function``.
    """
    rise = (rows.loss - rows.start_loss) / (rows.lr * rows.gradient_norm**2)
    values = rows.assign(size=rows.step_size / rows.lr, rise=rise.fillna(np.inf))
    seeds = values.groupby(["size", "seed"]).rise.median().unstack()
    seeds.loc[0.0] = 0.0
    seeds = seeds.sort_index()
    largest = seeds.index.max()
    # Lines that leave the axis are cut there, so that they need no infinite coordinates.
    seeds = seeds.clip(upper=1e3 * largest)
    for _, seed in seeds.items():
        ax.plot(seeds.index, seed, **line | style.SEED | {"label": None})
    curves.plot_line(ax, seeds.index, seeds.median(axis=1), rows, **line)
    if not any(drawn.get_gid() == "promised" for drawn in ax.lines):
        promised = {"color": "#555555", "linewidth": 0.7, "gid": "promised"}
        ax.plot([0, largest], [0, -largest], ":", **promised)
    ax.set_ylim(-largest / 2, largest / 2)
    ax.axhline(0, color="#555555", linewidth=0.6)
    ax.set_xlabel("Step size / learning rate")
    ax.set_ylabel("Change of the loss / (LR ||g||²)")
