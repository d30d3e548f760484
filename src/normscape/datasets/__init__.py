"""Data sets, one file each, looked up by name.

A file ``NAME.py`` defines ``load(**settings)``, with ``seed`` among the settings where
``NAME.yaml`` says ``drawn_by_seed``. It returns a dictionary of tensors or NumPy arrays.

For a data set of kind ``images``:

- ``train_inputs``, ``test_inputs``: images of shape (count, height, width, channels), so
  that a batch is channels_last in memory. They are standardised floats, or uint8.
- ``train_targets``, ``test_targets``: integer labels of shape (count,). The labels of the
  training set are 0, 1, ... without gaps; the test set has no others.
- ``mean``, ``deviation``: floats of shape (channels,), with uint8 images only. A batch is
  standardised by them when it is taken. They are in units of 0 to 255.

For a data set of kind ``vectors``: ``train_inputs`` and ``train_targets``, floats of shape
(count, features).

``notes`` may be added: a list of strings, such as what was left out. They are printed in
the log, and shown on the results page.
"""

import importlib
from pathlib import Path

import yaml

from normscape.datasets import _contract


def load(name: str, settings: dict) -> dict:
    """Load a data set and check it.

    Parameters
    ----------
    name : str
        ``NAME`` of ``datasets/NAME.py``.
    settings : dict
        Settings of the data set, with all defaults.

    Returns
    -------
    dict
        Tensors by name, float32 or int64 (labels), of which no two share memory; and ``notes``, a
        list of strings, if the data set has any.

    Raises
    ------
    ValueError
        If a file cannot be read, or the data set returns something else than its kind requires.
        The message is one line.
    """
    module = importlib.import_module(f"normscape.datasets.{name}")
    try:
        data = module.load(**settings)
        notes = data.pop("notes", []) if isinstance(data, dict) else []
        _contract.check_notes(notes)
        data = _contract.conform(data, _kind(name))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"data set {name}: {reason}") from error
    except Exception as error:
        # A mistake in its code, which the traceback shows.
        error.add_note(f"data set {name}, in its load or what that returned")
        raise
    return data | ({"notes": [f"{name}: {note}" for note in notes]} if notes else {})


def _kind(name: str) -> str:
    # Not by normscape.components: the data would depend on all code that reads declarations.
    path = Path(__file__).with_name(f"{name}.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))["kind"]
