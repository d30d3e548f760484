"""One look for all figures: sizes, lines, saving. No setting of the user has a say."""

import contextlib
import os
from pathlib import Path

# A notebook's backend is not there outside of it, and a matplotlibrc may be in the user's
# folder, in the working directory, or where a variable says.
os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
with contextlib.chdir(Path(__file__).parent):
    import matplotlib
    import matplotlib.pyplot as plt

# Another process may have imported matplotlib before with the user's settings.
matplotlib.rcdefaults()
plt.switch_backend("agg")

# Figures show those of them that the paper's do, and all others.
NORMS_OF_THE_PAPER = ("none", "batch", "noisy_batch", "noise", "l1", "l2", "linf")

WIDTH = 7.0  # inches, of a full-width figure
LINE_STYLES = ("-", "--", ":", "-.")
# The edge of stability, 2 / learning rate: gradient descent diverges on more curvature.
EDGE = (0, (6, 2))
# A seed beside the thick line of all.
SEED = {"linewidth": 0.5, "alpha": 0.35}
# What a hollow line is drawn with: wide in its colour, and then narrow and white.
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
        "savefig.dpi": 200,
        "pdf.fonttype": 42,
    }
)


def save(figure, path) -> None:
    """Write a figure without a date, so that the same figure is the same bytes."""
    metadata = {"CreationDate": None} if str(path).endswith(".pdf") else {}
    figure.savefig(path, metadata=metadata)


def lr_label(lr: float) -> str:
    return f"lr {lr:g}"


def runs_label(model, lr: float | None) -> str:
    """Of panels that show a model's runs at one learning rate; None where it has none."""
    return model.label if lr is None else f"{model.label}, {lr_label(lr)}"
