"""Tables computed from tables of all runs, one file each, named like the table.

A file ``NAME.py`` defines ``TABLES``, a tuple with the names of the tables that it needs, and
``summarise(*tables) -> pandas.DataFrame``, which takes them in that order as pandas.DataFrame.
"""
