"""What rows of measurements are summed up to, and how they are logged."""

import math
from collections.abc import Mapping, Sequence

# Columns that say what a row is about, in the order of a key; the others are values.
_PLACES = "direction", "draw", "step_size", "name", "scope"
_NUMBERS = "layer", "unit"


def ranges(rows: Sequence[Mapping], direction: str = "gradient", draw: int = 0) -> dict:
    """The paper's three quantities from rows of ``landscape`` (Figure 4, Section 3.2).

    Parameters
    ----------
    rows
        What ``landscape`` returns for several step sizes.
    direction, draw
        The direction whose rows count.

    Returns
    -------
    dict
        loss_low, loss_high : smallest and largest loss over the step sizes; the difference is
            the loss variation (Figure 4a).
        gradient_change_low, gradient_change_high : smallest and largest ``gradient_change``.
            The lower they are, the more predictive is the gradient (Figure 4b).
        effective_beta : largest ``gradient_change / distance``, the effective beta-smoothness
            (Figure 4c), in the unit of loss / parameter**2.

        NaN where any value is not finite.

    Raises
    ------
    ValueError
        If the rows have no such direction, or a distance is 0.

    Examples
    --------
    >>> row = {"direction": "gradient", "draw": 0}
    >>> rows = [row | {"loss": 1.0, "gradient_change": 0.5, "distance": 0.1},
    ...         row | {"loss": 0.5, "gradient_change": 0.8, "distance": 0.2}]
    >>> numbers = ranges(rows)
    >>> numbers["loss_high"] - numbers["loss_low"], numbers["effective_beta"]
    (0.5, 5.0)
    """
    chosen = [
        row
        for row in rows
        if row.get("direction") == direction and row.get("draw") == draw
    ]
    if not chosen:
        raise ValueError(
            f"rows: expected rows of landscape with the direction {direction!r} and the "
            f"draw {draw}, got none"
        )
    if any(row["distance"] == 0 for row in chosen):
        raise ValueError(
            "rows: expected distances above 0, got 0; leave out the step size 0, and a "
            "landscape whose gradient is 0"
        )
    columns = {
        "loss": [row["loss"] for row in chosen],
        "gradient_change": [row["gradient_change"] for row in chosen],
        "beta": [row["gradient_change"] / row["distance"] for row in chosen],
    }
    lowest = {key: _strict(min, values) for key, values in columns.items()}
    highest = {key: _strict(max, values) for key, values in columns.items()}
    return {
        "loss_low": lowest["loss"],
        "loss_high": highest["loss"],
        "gradient_change_low": lowest["gradient_change"],
        "gradient_change_high": highest["gradient_change"],
        "effective_beta": highest["beta"],
    }


def _strict(choose, values):
    return choose(values) if all(map(math.isfinite, values)) else math.nan


def flat(rows: Mapping | Sequence[Mapping], prefix: str) -> dict[str, float]:
    """Rows as one dict of numbers, for ``wandb.log``, ``self.log_dict`` or TensorBoard.

    Parameters
    ----------
    rows
        Rows of ``ics``, ``invariance`` or ``landscape``, the moments of ``activations``, or
        the dict of ``curvature`` or ``ranges``.
    prefix
        First part of each key.

    Returns
    -------
    dict of str to float
        Keys are the prefix, what the row is about, such as its layer, and the column.

    Raises
    ------
    ValueError
        If two rows have one key, such as the bins of a histogram.

    Notes
    -----
    In a callback of Lightning::

        def on_train_batch_start(self, trainer, module, batch, batch_idx):
            def loss(module, *batch):
                return module.training_step(batch, batch_idx)

            given = module, loss, tuple(batch)
            after = measure.after_step(module, trainer.optimizers, *given[1:])
            module.log_dict(measure.flat(measure.ics(*given, after), "ics"))

    In a subclass of the ``Trainer`` of transformers::

        def training_step(self, model, inputs, *others):
            given = self.compute_loss, (self._prepare_inputs(inputs), False, *others)
            after = measure.after_step(model, self.optimizer, *given)
            self.log(measure.flat(measure.ics(model, *given, after), "ics"))
            return super().training_step(model, inputs, *others)

    With Accelerate, measure as in a plain loop: the prepared network, optimiser and batch.

    Examples
    --------
    >>> rows = [{"layer": 1, "name": "conv1", "gradient_norm": 0.5},
    ...         {"layer": 2, "name": "fc", "gradient_norm": 0.1}]
    >>> flat(rows, "ics")
    {'ics/conv1/gradient_norm': 0.5, 'ics/fc/gradient_norm': 0.1}
    """
    numbers: dict[str, float] = {}
    for row in [rows] if isinstance(rows, Mapping) else rows:
        if not isinstance(row, Mapping):
            raise TypeError(
                f"rows: expected dicts, got {type(row).__name__}; of activations, give the "
                "first of the two lists"
            )
        places = [str(row[key]) for key in _PLACES if key in row]
        for column, value in row.items():
            if column in (*_PLACES, *_NUMBERS):
                continue
            key = "/".join([prefix, *places, column])
            if key in numbers:
                raise ValueError(
                    f"rows: expected one value per key, got two of {key!r}; a histogram "
                    "is no scalar"
                )
            numbers[key] = float(value)
    return numbers
