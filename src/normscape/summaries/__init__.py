"""Tables computed from tables of all runs, one file each, named like the table.

A file ``NAME.py`` names the tables that it needs in ``TABLES``, a tuple of strings, and
defines ``summarise(*tables) -> pandas.DataFrame``, which receives them in that order.
"""
