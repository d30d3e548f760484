"""Claims of papers, judged by the tables of an experiment.

``declarations`` reads what is claimed and of which quantities, ``quantities`` computes one
number for each run, ``judge`` weighs them, ``wording`` puts the verdicts into words.
"""
