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
        network = _network(model, width)
        rows = rows.droplevel([0, 1]).loc[NORMS]
        for what, column, write in QUANTITIES:
            if rows[column].notna().all():
                values = (write(row, column) for _, row in rows.iterrows())
                lines.append(f"| {network}: {what} | " + " | ".join(values) + " |")
    lines.append("")
    lines += ["| measured | |", "|---|---|"]
    for _, row in tables["probes"].iterrows():
        name = {"ics": "ICS, plain / ours", "landscape": "Landscape, plain / ours"}
        network = "VGG, width" if row.model == "vgg" else "DLN, depth"
        seconds = f"{row.our_seconds:.2g} s"
        if row.precision != "float32":
            seconds += f", {_spread(row, 'over_float32')} times float32's"
        lines.append(
            f"| {name[row.probe]}: {network} {row['size']}, {row.precision} |"
            f" {_spread(row, 'ratio')} (ours {seconds};"
            f" difference {row.largest_difference:.0e}) |"
        )
    use = tables["use"]
    for (seeds, cores), rows in use.groupby(["seeds", "cores"], sort=False):
        first = rows.iloc[0]
        shares = ", ".join(f"{r.part} {r.share:.0%}" for r in rows.itertuples())
        lines.append(
            f"| Default experiment, seeds: {seeds}, cores: {cores} |"
            f" {first.wall_seconds / 60:.1f} min, {first.jobs:,} jobs: {shares};"
            f" a start-up takes {first.start_up_seconds:.3f} s,"
            f" with an import of its own {first.import_seconds:.2f} s |"
        )
    walls = use.groupby(["seeds", "cores"])["wall_seconds"].first()
    for seeds, both in walls.unstack().dropna(subset=[1, 2]).iterrows():
        lines.append(
            f"| 1 to 2 cores, seeds: {seeds} | {both[1] / both[2]:.2f} times |"
        )
    for row in tables["dry_runs"].itertuples():
        lines.append(
            f"| Dry run of {row.experiment}, {row.jobs:,} jobs, {row.to_do} to do |"
            f" {row.seconds:.1f} [{row.seconds_low:.1f}, {row.seconds_high:.1f}] s |"
        )
    growth = tables["growth"].groupby(["what", "model", "grows_with"], sort=False)
    for (what, model, grows_with), rows in growth:
        sizes = ", ".join(
            f"{r.size}: {_rounded(r.seconds)} [{_rounded(r.seconds_low)},"
            f" {_rounded(r.seconds_high)}] s, {r.peak_mib / 1024:.2f} GiB"
            for r in rows.itertuples()
        )
        lines.append(f"| Growth: {what}, {model}, {grows_with} | {sizes} |")
    return "\n".join(lines) + "\n"


def _network(model, width):
    return f"VGG, width {width}" if model == "vgg" else "DLN"


def _spread(row, column):
    """A ratio's median over rounds, with the smallest and the largest."""
    low, high = row[f"{column}_low"], row[f"{column}_high"]
    return f"{row[column]:.2f} [{low:.2f}, {high:.2f}]"


def _rounded(value):
    """Three digits that count, written out: 1,520,000 and not 1.52e+06."""
    return f"{float(f'{value:.3g}'):,.12g}"


def _digits(row, column):
    return _rounded(row[column])


def _percent(row, column):
    return f"{row[column]:.0%}"


# What is shown of a column, and how a row's value is written.
QUANTITIES = (
    ("plain / ours", "ratio", _spread),
    ("samples per second", "samples_per_second", _digits),
    ("over batch", "over_batch_norm", _spread),
    ("share of the machine's limit", "share_of_limit", _percent),
)


def plot(tables: Tables):
    """Ratios of the training step, use of the cores, growth of time and of memory."""
    figure, axes = plt.subplots(3, 2, figsize=(9, 9.5), layout="constrained")
    (ratio, use), (steps, probes), (work, memory) = axes
    _plot_ratios(ratio, tables["training"])
    _plot_use(use, tables["use"])
    growth = tables["growth"].groupby(["what", "model", "grows_with"], sort=False)
    for number, ((what, model, grows_with), rows) in enumerate(growth):
        style = {"color": f"C{number}", "marker": "osD^v<>P"[number % 8]}
        style["label"] = f"{what}, {model}, {grows_with}"
        relative = rows["size"] / rows["size"].iloc[0]
        axis = steps if what == "training step" else probes
        spread = [
            rows["seconds"] - rows["seconds_low"],
            rows["seconds_high"] - rows["seconds"],
        ]
        axis.errorbar(relative, rows["seconds"], spread, **style)
        axis.loglog()
        memory.semilogx(relative, rows["peak_mib"] / 1024, **style, fillstyle="none")
    for to_do, rows in tables["dry_runs"].groupby("to_do", sort=False):
        work.plot(rows["jobs"], rows["seconds"], marker="o", label=f"{to_do} to do")
    work.set_ylim(bottom=0)
    work.set_xlim(left=0)
    work.set(title="Dry runs", xlabel="jobs", ylabel="seconds")
    work.legend(fontsize=7, frameon=False)
    relative = "size, relative to the smallest"
    steps.set(title="Growth of training", xlabel=relative, ylabel="seconds a step")
    probes.set(title="Growth of probes", xlabel=relative, ylabel="seconds a checkpoint")
    memory.set(title="Growth of memory", xlabel=relative, ylabel="peak memory (GiB)")
    memory.set_ylim(bottom=0)
    for axis in (steps, probes, memory):
        axis.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
        axis.minorticks_off()
    for axis in (steps, probes, memory):
        axis.legend(fontsize=7, frameon=False)
    ratio.set_ylim(top=1.4 * ratio.get_ylim()[1])  # room for the legend
    ratio.legend(fontsize=7, frameon=False, ncols=3, loc="upper center")
    for axis in axes.flat:
        axis.title.set_fontsize(10)
    return figure


def _plot_ratios(axis, steps):
    names = [_network(row.model, row.width) for row in steps.itertuples()]
    network = pd.Series(names, steps.index).str.replace(", ", "\n")
    steps = steps.assign(network=network, below=steps["ratio"] - steps["ratio_low"])
    steps["above"] = steps["ratio_high"] - steps["ratio"]
    tables = steps.pivot(index="network", columns="norm").loc[network.unique()]
    spread = [[tables["below"][norm], tables["above"][norm]] for norm in NORMS]
    bars = {"rot": 0, "yerr": spread, "error_kw": {"elinewidth": 0.8}}
    tables["ratio"][NORMS].plot.bar(ax=axis, **bars)
    axis.axhline(1, color="black", linewidth=0.8)
    axis.set(title="Training step", xlabel="network")
    axis.set_ylabel("plain loop's time / ours")


def _plot_use(axis, shares):
    runs = [f"seeds: {r.seeds}\ncores: {r.cores}" for r in shares.itertuples()]
    shares = shares.assign(run=runs)
    parts = shares.pivot(index="run", columns="part", values="share")
    parts = parts.loc[shares["run"].unique(), ["computation", "start-up", "rest"]]
    parts.plot.bar(ax=axis, stacked=True, rot=0)
    axis.set(title="Use of the cores", xlabel="default experiment", ylim=(0, 1))
    axis.set_ylabel("share of cores x wall time")
    axis.legend(fontsize=7, loc="center")
