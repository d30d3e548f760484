"""The columns of the tables that jobs hand on, and which of them hold text."""

# The first columns of every table: which run a row belongs to.
CELL = ("model", "norm", "lr", "seed")

HISTORY = (*CELL, "step", "loss", "accuracy", "gradient_norm", "diverged")
EVALUATION = (*CELL, "step", "test_accuracy")
LANDSCAPE = (
    *CELL,
    "step",
    "direction",
    "draw",
    "step_size",
    "loss",
    "gradient_change",
    "distance",
    "cosine",
    "start_loss",
    "gradient_norm",
)
ICS = (*CELL, "step", "layer", "l2_difference", "cosine", "gradient_norm")
MOMENTS = (*CELL, "step", "layer", "scope", "unit", "mean", "variance", "skewness")
HISTOGRAMS = (*CELL, "step", "layer", "scope", "unit", "left", "right", "density")
RUNS = (
    *CELL,
    "steps",
    "diverged_at",
    "final_loss",
    "final_accuracy",
    "final_test_accuracy",
)
LANDSCAPE_RANGES = (
    *CELL,
    "step",
    "direction",
    "draw",
    "loss_low",
    "loss_high",
    "gradient_change_low",
    "gradient_change_high",
    "effective_beta",
    "start_loss",
    "gradient_norm",
)
MOMENT_DRIFT = (
    *CELL,
    "step",
    "layer",
    "scope",
    "unit",
    "mean_change",
    "variance_change",
    "mean_drift",
    "variance_drift",
)
THEORY_INSTANCES = (
    *CELL,
    "step",
    "layer",
    "unit",
    "statement",
    "form",
    "actual",
    "bound",
    "violation",
)
VERDICTS = (
    "claim",
    "statement",
    "where",
    "model",
    "subject",
    "reference",
    "lr",
    "quantity",
    "comparison",
    "claimed",
    "paper",
    "effect",
    "low",
    "high",
    "seeds",
    "verdict",
    "reason",
    "figure",
)
# Of the theorems.
THEORY = (
    "statement",
    "form",
    "model",
    "instances",
    "violations",
    "largest_violation",
    "tightness",
)
PAPER_CURVES = (*CELL, "figure", "quantity", "step", "low", "high")

# By the name of the table.
TABLES = {
    "history": HISTORY,
    "evaluation": EVALUATION,
    "landscape": LANDSCAPE,
    "ics": ICS,
    "moments": MOMENTS,
    "histograms": HISTOGRAMS,
    "runs": RUNS,
    "landscape_ranges": LANDSCAPE_RANGES,
    "moment_drift": MOMENT_DRIFT,
    "theory_instances": THEORY_INSTANCES,
    "theory": THEORY,
    "verdicts": VERDICTS,
    "paper_curves": PAPER_CURVES,
}
TEXT = {
    "model",
    "norm",
    "direction",
    "scope",
    "statement",
    "form",
    "figure",
    "quantity",
    "claim",
    "where",
    "subject",
    "reference",
    "comparison",
    "claimed",
    "paper",
    "verdict",
    "reason",
}
