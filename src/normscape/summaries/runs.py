"""Where each run ended."""

import pandas as pd

from normscape.tables import CELL

TABLES = ("history", "evaluation")

# A run's final loss and accuracy are means over this many last steps.
FINAL_STEPS = 50


def summarise(history: pd.DataFrame, evaluation: pd.DataFrame) -> pd.DataFrame:
    """A row a run: where it ended.

    steps : recorded steps.
    diverged_at : the step at which loss or gradient stopped being finite, or empty.
    final_loss, final_accuracy : means over the last 50 steps' batches; empty for a run
        that diverged. Accuracy is empty for regression.
    final_test_accuracy : after the last step.
    """

    def end(run):
        diverged = run[run.diverged == 1]
        last = run.tail(FINAL_STEPS)
        ended = diverged.empty
        return pd.Series(
            {
                "steps": len(run),
                "diverged_at": None if ended else int(diverged.step.iloc[0]),
                "final_loss": last.loss.mean() if ended else None,
                "final_accuracy": last.accuracy.mean() if ended else None,
            }
        )

    table = history.groupby(CELL, sort=False)[list(history)].apply(end)
    table = table.reset_index().astype({"steps": int, "diverged_at": "Int64"})
    tests = evaluation.sort_values("step").groupby(CELL).test_accuracy.last()
    tests = tests.rename("final_test_accuracy").reset_index()
    table = table.merge(tests, on=CELL, how="left")
    diverged = table.diverged_at.notna()
    table.loc[diverged, "final_test_accuracy"] = None
    return table
