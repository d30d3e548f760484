"""Figure 4: the landscape along the gradient, VGG.

(a) range of the loss, (b) range of the change of the gradient, (c) effective beta, over
the step sizes, at checkpoints during training. A smoother landscape has narrower bands
and a smaller effective beta.

In the paper's Figure 4 the median change of the gradient is about twice as large without
BatchNorm, with spikes far above, and the median effective beta is 20 for both.
"""

from figures import panels

TABLES = ("landscape_ranges", "paper_curves")


def draw(tables, norms):
    names = norms.choose("none", "batch")
    figure = panels.new(2.4)
    axes = figure.subplots(1, 3)
    ranges, curves = tables["landscape_ranges"], tables["paper_curves"]
    panels.landscape(axes, ranges, "vgg", names, norms, curves=curves)
    panels.legend(figure, names, norms)
    return figure
