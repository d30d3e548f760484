"""Tools beside the pipeline: plan, verify and compare experiments.

``make plan``, ``make verify``, ``make compare`` and ``make bench`` call them; they read
what stages have made, and no stage depends on them.
"""
