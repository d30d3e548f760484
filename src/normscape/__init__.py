"""Why does normalisation help optimisation? The library behind the pipeline.

Components that a config names, each ``NAME.py`` with ``NAME.yaml`` beside it: ``datasets``,
``models``, ``norms``, ``optimisers``, ``probes``.

``measure`` has the measurements of the probes as functions of any network. It needs torch,
numpy and scipy alone.

``training`` decides the bytes of a training run; ``theory`` checks the theorems.
``tables``, ``summaries``, ``claims``, ``figures``, ``page`` and ``archive`` read what
training and probes have written. ``jobs`` starts scripts and reports what they do, and
``pipeline`` is what the Snakefile needs; neither changes a result.
"""
