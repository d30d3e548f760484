"""Tables as CSV files: one row per observation.

Every table except those of verdicts and theorems begins with the columns ``CELL``, which
identify the run of a row. ``rows`` writes and concatenates tables row by row, ``frames``
reads whole tables with pandas. ``tables.yaml`` and the probes' declarations describe the
columns.
"""

CELL = ["model", "norm", "lr", "seed"]
