"""Training: all that decides the bytes of a run, and nothing else.

An edit here trains again, so what only starts, reports, resumes or tabulates a training
stands elsewhere (``jobs``, ``tables``) or is no part of its code digest (``resume``).
"""
