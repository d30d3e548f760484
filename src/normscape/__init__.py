"""Why does normalisation help optimisation? The library behind the pipeline.

Parts that a config names, each ``NAME.py`` with ``NAME.yaml`` beside it: ``datasets``,
``models``, ``norms``, ``optimisers``, ``probes``.

``measure`` has what the probes measure as functions of any network; torch and numpy are
enough for it.

``training`` decides the bytes of a training run; ``theory`` checks the theorems.
``tables``, ``summaries``, ``claims``, ``figures``, ``page`` and ``archive`` read what
training and probes have written. ``jobs`` starts scripts and reports what they do, and
``pipeline`` is what the Snakefile needs; neither changes a result.
"""
