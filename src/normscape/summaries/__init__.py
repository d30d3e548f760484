"""Tables computed from tables of all runs, one file each, named like the table.

A file ``NAME.py`` names the tables that it needs in ``TABLES``, a tuple of texts, and
defines ``summarise(*tables) -> pandas.DataFrame``, which gets them in that order.
"""
