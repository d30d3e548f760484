"""Claims of papers, evaluated from the tables of an experiment.

``claim`` reads what is claimed. ``quantities`` are the numbers that claims are about, and
``values`` computes them for each run. ``cases`` says which runs a claim is about,
``comparisons`` compares them, ``decision`` gives the verdict, and ``judge`` makes the table.
``wording`` puts verdicts into words.
"""
