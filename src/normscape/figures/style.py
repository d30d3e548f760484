"""The look of all figures: sizes, lines, saving. Users' matplotlib settings do not count."""

import contextlib
import os
from pathlib import Path

# A notebook's backend does not exist outside of the notebook. matplotlib looks for a
# matplotlibrc in the working directory, in the user's folder and where a variable says.
os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
with contextlib.chdir(Path(__file__).parent):
    import matplotlib
    import matplotlib.pyplot as plt

# Another process may have imported matplotlib before, with the user's settings.
matplotlib.rcdefaults()
plt.switch_backend("agg")

# A figure of the paper shows only some of these normalisers, but all others.
NORMS_OF_THE_PAPER = ("none", "batch", "noisy_batch", "noise", "l1", "l2", "linf")

WIDTH = 7.0  # inches, of a full-width figure
LINE_STYLES = ("-", "--", ":", "-.")
# The edge of stability, 2 / learning rate: gradient descent diverges on more curvature.
EDGE = (0, (6, 2))
# One seed's line, next to the thick line that summarises seeds.
SEED = {"linewidth": 0.5, "alpha": 0.35}
# A hollow line is drawn twice: wide in its colour, then narrow in white.
WIDE = {"linewidth": 2.2, "markersize": 4.5}
WHITE = {"color": "white", "linewidth": 0.9, "markersize": 2.5, "linestyle": "-"}

plt.rcParams.update(
    {
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#E5E5E5",
        "grid.linewidth": 0.5,
        "axes.axisbelow": True,
        "lines.linewidth": 1.2,
        "lines.markersize": 3,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
        "figure.dpi": 200,
        "pdf.fonttype": 42,
    }
)


def save(figure, path) -> None:
    """Write a figure without a date, so that the same figure has the same bytes.

    Positions are computed for the first file, which takes as long as drawing, and stay.
    """
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    metadata = {"CreationDate": None} if str(path).endswith(".pdf") else {}
    # With a layout engine, or the placeholder that "none" leaves, savefig draws twice.
    with plt.rc_context({"figure.constrained_layout.use": False}):
        figure.set_layout_engine()
        figure.savefig(path, metadata=metadata)


def lr_label(lr: float) -> str:
    """A learning rate as text, such as "lr 0.1"."""
    return f"lr {lr:g}"


def runs_label(model, lr: float | None) -> str:
    """Name a model and its learning rate; the model alone where the rate is None."""
    return model.label if lr is None else f"{model.label}, {lr_label(lr)}"
