"""Tools beside the pipeline: verify and compare experiments.

``make verify`` and ``make compare`` call them. They read results, and no rule
depends on them.
"""
