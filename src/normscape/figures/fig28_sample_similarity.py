"""Figure 28: similarity of samples before training, and speed of training.

One panel per network, one mark per normaliser and seed. The similarity is the mean cosine between
two samples in the last hidden layer at the first checkpoint. The loss is the mean over all steps, at
the normaliser's best learning rate.

Beyond the paper; Lubana et al. (2021).
"""

from normscape.claims.quantities import mean_loss_at_best_rate, similarity_at_start
from normscape.figures import curves, panels, subsets
from normscape.tables import CELL

TABLES = ("similarity", "history")


def draw(tables, experiment):
    models = subsets.choose_models(tables["similarity"], experiment)
    history = tables["history"]
    similarity = similarity_at_start(tables["similarity"]).rename("similarity")
    losses = mean_loss_at_best_rate(history).to_frame("loss")
    runs = losses.join(similarity, how="inner").reset_index()
    histories = dict(list(history.groupby(CELL)))
    figure = panels.new_figure(2.6)
    axes = figure.subplots(1, len(models), squeeze=False)[0]
    for ax, model in zip(axes, models, strict=True):
        for run in runs[runs.model == model.name].itertuples():
            cell = run.model, run.norm, run.lr, run.seed
            mark = {"color": experiment.norms[run.norm].colour, "marker": "o"}
            curves.plot_line(ax, run.similarity, run.loss, histories[cell], **mark)
        ax.set_title(model.label)
        if ax.has_data():
            panels.set_log_y(ax)
        panels.note_if_empty(ax)
        ax.set_xlabel("Similarity before training")
    axes[0].set_ylabel("Loss, mean over all steps")
    panels.add_legend(figure, subsets.measured_norms(runs, experiment))
    return figure
