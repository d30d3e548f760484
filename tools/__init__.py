"""Tools beside the pipeline: plan, verify and compare experiments.

``make plan``, ``make verify`` and ``make compare`` call them. They read results, and no rule
depends on them.
"""
