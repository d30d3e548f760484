"""The end of each run."""

import pandas as pd

from normscape.tables import CELL

TABLES = ("history", "evaluation")

# A run's final loss and accuracy are means over its last steps.
FINAL_STEPS = 50


def summarise(history: pd.DataFrame, evaluation: pd.DataFrame) -> pd.DataFrame:
    """One row per run.

    steps : recorded steps.
    diverged_at : the first step at which loss or gradient is not finite, or empty.
    final_loss, final_accuracy : means over the batches of the last 50 steps. Accuracy is
        empty for regressions.
    final_test_accuracy : after the last step.

    The final values are empty for runs that diverged.
    """

    table = history.groupby(CELL, sort=False)[list(history)].apply(_summarise_run)
    table = table.reset_index().astype({"steps": int, "diverged_at": "Int64"})
    tests = evaluation.sort_values("step").groupby(CELL).test_accuracy.last()
    tests = tests.rename("final_test_accuracy").reset_index()
    table = table.merge(tests, on=CELL, how="left")
    diverged = table.diverged_at.notna()
    table.loc[diverged, "final_test_accuracy"] = None
    return table


def _summarise_run(history):
    diverged = history[history.diverged == 1]
    last = history.tail(FINAL_STEPS)
    finished = diverged.empty
    return pd.Series(
        {
            "steps": len(history),
            "diverged_at": None if finished else int(diverged.step.iloc[0]),
            "final_loss": last.loss.mean() if finished else None,
            "final_accuracy": last.accuracy.mean() if finished else None,
        }
    )
