"""Figures, one file each: ``figNN_NAME.py``.

The docstring is title and caption; its last paragraph says what the paper shows. ``TABLES``
names the tables that the figure is drawn from; an experiment without the first one does not
have the figure. ``draw(tables, experiment)`` returns a matplotlib figure. ``CLAIMS_OF`` names other
figures whose claims the figure shows; it is for figures that no claim names. ``curves``, ``ics_panels``, ``landscapes``, ``over_loss``
and ``ridges`` draw what several figures share; ``panels`` has axes and legends, ``subsets``
chooses which models, normalisers, learning rates and layers a figure shows.
"""

# Before any other module imports matplotlib.
from normscape.figures import style as style
