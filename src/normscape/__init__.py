"""Why does normalisation help optimisation? The library behind the pipeline.

Components that a config names, each ``NAME.py`` with ``NAME.yaml`` beside it: ``datasets``,
``models``, ``norms``, ``optimisers``, ``probes``.

``measure`` has the measurements of the probes as functions of any network. It needs only torch,
numpy and scipy.

``training`` determines the results of training runs; ``theory`` checks the theorems. ``tables``,
``summaries``, ``claims``, ``figures``, ``page`` and ``archive`` read the tables of training and
measurements. ``jobs`` starts scripts and reports their progress, and ``pipeline`` has the functions
of the Snakefile; neither changes a result.
"""
