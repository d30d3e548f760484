"""Tables as CSV files: a row an observation, columns by name.

Every table but those of verdicts and theorems begins with ``CELL``, which says of which
run a row is. ``rows`` writes and joins tables a row at a time, ``frames`` reads whole ones
with pandas; ``tables.yaml`` and the probes' declarations say what each column holds.
"""

CELL = ["model", "norm", "lr", "seed"]
