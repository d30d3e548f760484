"""Figures, one file each: ``figNN_NAME.py``.

Its docstring is title and caption, ``TABLES`` names the tables that it is drawn from, and
``draw(tables, experiment)`` returns a matplotlib figure. The last paragraph of the caption
says what the paper shows. ``CLAIMS_OF`` names other figures whose claims it shows, where
none name it. ``curves``, ``ridges`` and ``landscapes`` draw what several figures share.
"""

# Before any other module imports matplotlib.
from normscape.figures import style as style
