"""One look for all figures: a colour for each normaliser, sizes, saving."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

# Okabe and Ito's palette, which colour-blind readers can tell apart.
_BUILT_IN = {
    "none": ("#000000", "Standard"),
    "batch": ("#D55E00", "BatchNorm"),
    "noisy_batch": ("#E69F00", "Noisy BatchNorm"),
    "noise": ("#999999", "Noise only"),
    "l1": ("#0072B2", "L1"),
    "l2": ("#009E73", "L2"),
    "linf": ("#CC79A7", "Linf"),
}
# For normalisers of the user's own, in the order of the config.
_OTHERS = ("#56B4E9", "#8C6D31", "#7B4173", "#637939", "#1F3B73")

WIDTH = 7.0  # inches, of a full-width figure
LINE_STYLES = ("-", "--", ":", "-.")

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


class Norms:
    """The experiment's normalisers, in its order, each with a colour and a label."""

    def __init__(self, names):
        self.names = list(names)
        own = [name for name in self.names if name not in _BUILT_IN]
        self._own = {
            name: (_OTHERS[i % len(_OTHERS)], name) for i, name in enumerate(own)
        }

    def choose(self, *built_in: str) -> list[str]:
        """Those of ``built_in`` that the experiment has, and all of the user's own."""
        return [n for n in self.names if n in built_in or n in self._own]

    def colour(self, name: str) -> str:
        return (_BUILT_IN | self._own)[name][0]

    def label(self, name: str) -> str:
        return (_BUILT_IN | self._own)[name][1]


def save(figure, path) -> None:
    """Write a figure without a date, so that the same figure is the same bytes."""
    metadata = {"CreationDate": None} if str(path).endswith(".pdf") else {}
    figure.savefig(path, metadata=metadata)


def lr_label(lr: float) -> str:
    return f"lr {lr:g}"
