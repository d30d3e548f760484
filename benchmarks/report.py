"""The benchmarks on one screen, and as a plot."""

import matplotlib.pyplot as plt
import pandas as pd

from benchmarks import training

NORMS = list(training.NORMS)
Tables = dict[str, pd.DataFrame]


def summary(tables: Tables) -> str:
    """A Markdown table of what the tables "training", "probes", ... say."""
    lines = ["| measured | " + " | ".join(NORMS) + " |", "|---|" + "---|" * len(NORMS)]
    steps = tables["training"].set_index(["model", "width", "norm"])
    for (model, width), rows in steps.groupby(level=[0, 1], sort=False):
        network = f"VGG, width {width}" if model == "vgg" else "DLN"
        rows = rows.droplevel([0, 1]).loc[NORMS]
        for what, column, write in QUANTITIES:
            if rows[column].notna().all():
                values = (write(row, column) for _, row in rows.iterrows())
                lines.append(f"| {network}: {what} | " + " | ".join(values) + " |")
    lines.append("")
    lines += ["| measured | |", "|---|---|"]
    for _, row in tables["probes"].iterrows():
        name = {"ics": "ICS, plain / ours", "landscape": "Landscape, plain / ours"}
        network = "VGG" if row.model == "vgg" else f"DLN, depth {row.depth}"
        lines.append(
            f"| {name[row.probe]}: {network}, {row.precision} |"
            f" {_spread(row, 'ratio')} (ours {row.our_seconds:.2g} s,"
            f" difference {row.largest_difference:.0e}) |"
        )
    use = tables["use"]
    for (seeds, cores), rows in use.groupby(["seeds", "cores"], sort=False):
        first = rows.iloc[0]
        shares = ", ".join(f"{r.part} {r.share:.0%}" for r in rows.itertuples())
        lines.append(
            f"| Default experiment, seeds: {seeds}, cores: {cores} |"
            f" {first.wall_seconds / 60:.1f} min, {first.jobs} jobs: {shares} |"
        )
    walls = use.groupby(["seeds", "cores"])["wall_seconds"].first()
    for seeds, both in walls.unstack().dropna(subset=[1, 2]).iterrows():
        lines.append(
            f"| 1 to 2 cores, seeds: {seeds} | {both[1] / both[2]:.2f} times |"
        )
    for row in tables["dry_runs"].itertuples():
        lines.append(f"| Nothing to do, {row.jobs:.0f} jobs | {row.seconds:.1f} s |")
    return "\n".join(lines) + "\n"


def _spread(row, column):
    """A ratio's median over rounds, with the smallest and the largest."""
    low, high = row[f"{column}_low"], row[f"{column}_high"]
    return f"{row[column]:.2f} [{low:.2f}, {high:.2f}]"


def _number(form):
    return lambda row, column: form.format(row[column])


# What is shown of a column, and how a row's value is written.
QUANTITIES = (
    ("plain / ours", "ratio", _spread),
    ("samples per second", "samples_per_second", _number("{:.3g}")),
    ("over batch", "over_batch_norm", _spread),
    ("share of the machine's limit", "share_of_limit", _number("{:.0%}")),
)


def plot(tables: Tables):
    """Ratios of the training step, use of the cores, growth of time and of memory."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained")
    (ratio, use), (seconds, memory) = axes
    steps = tables["training"]
    network = steps["model"] + steps["width"].map(" {}".format)
    ratios = steps.assign(network=network).pivot(
        index="network", columns="norm", values="ratio"
    )
    ratios.loc[network.unique(), NORMS].plot.bar(ax=ratio, rot=0)
    ratio.axhline(1, color="black", linewidth=0.8)
    ratio.set(xlabel="model, width", ylabel="plain loop's time / ours")
    ratio.set_title("Training step", fontsize=10)

    shares = tables["use"].copy()
    shares["run"] = shares.apply(
        lambda row: f"seeds: {row['seeds']}\ncores: {row['cores']}", axis=1
    )
    shares.pivot(index="run", columns="part", values="share")[
        ["computation", "start-up", "rest"]
    ].plot.bar(ax=use, stacked=True, rot=0)
    use.set(
        xlabel="default experiment", ylabel="share of cores x wall time", ylim=(0, 1)
    )
    use.set_title("Use of the cores", fontsize=10)

    for keys, rows in tables["growth"].groupby(
        ["what", "model", "grows_with"], sort=False
    ):
        label = f"{keys[0]}, {keys[1]}, {keys[2]}"
        relative = rows["size"] / rows["size"].iloc[0]
        for axis, column in ((seconds, "seconds"), (memory, "peak_mib")):
            axis.loglog(relative, rows[column], marker="o", label=label)
    dag = tables["dry_runs"]
    relative = dag["jobs"] / dag["jobs"].iloc[0]
    seconds.loglog(relative, dag["seconds"], marker="o", label="nothing to do, jobs")
    seconds.set(xlabel="size, relative to the smallest", ylabel="seconds a call")
    memory.set(xlabel="size, relative to the smallest", ylabel="peak memory (MiB)")
    seconds.set_ylim(top=100 * seconds.get_ylim()[1])  # room for the legend
    for axis in (ratio, seconds, memory):
        axis.legend(fontsize=7, frameon=False)
    use.legend(fontsize=7, loc="center")
    return figure
