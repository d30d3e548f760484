"""Parametrisations of one function, as the probe ``same_function`` names them, with labels."""

AS_TRAINED = "as_trained"

# The order is that of legends.
LABELS = {
    AS_TRAINED: "as trained",
    "batch": "BatchNorm inserted",
    "centre": "the mean alone",
    "scale": "the standard deviation alone",
    "frozen": "frozen statistics",
    "affine": "gamma and beta alone",
    "l1": "L1 inserted",
    "l2": "L2 inserted",
    "linf": "L∞ inserted",
    "folded": "BatchNorm folded",
}
