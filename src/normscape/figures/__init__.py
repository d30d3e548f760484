"""Figures, one file each: ``figNN_NAME.py``.

A file has a docstring, ``TABLES`` and ``draw``.

- The docstring is the title, a caption of at most three sentences, and a last paragraph on the
  figure of the paper.
- ``TABLES`` names the tables that the figure is drawn from. An experiment without the first one
  does not have the figure.
- ``draw(tables, experiment)`` takes these tables by name, as pandas.DataFrame, and the
  ``normscape.experiment.Experiment``. It returns a matplotlib figure.
- ``CLAIMS_OF``, optional, names other figures whose claims the figure shows.

Modules without a number are shared. ``curves``, ``ics_panels``, ``landscapes``, ``over_loss`` and
``ridges`` draw lines and panels; ``panels`` has axes and legends; ``subsets`` chooses the models,
normalisers, learning rates and layers of a figure.
"""

# Before any other module imports matplotlib.
from normscape.figures import style as style
