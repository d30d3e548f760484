"""The benchmarks on one screen, and as a plot."""

import matplotlib.pyplot as plt
import pandas as pd

from benchmarks import training

NORMS = list(training.NORMS)
Tables = dict[str, pd.DataFrame]


def summary(tables: Tables) -> str:
    """Markdown tables of the benchmarks, given by name ("training", "probes", ...)."""
    lines = ["| measured | " + " | ".join(NORMS) + " |", "|---|" + "---|" * len(NORMS)]
    lines += _training_lines(tables["training"])
    lines += ["", "| measured | |", "|---|---|"]
    for write in (_probe_lines, _use_lines, _dry_run_lines, _growth_lines):
        lines += [f"| {name} | {value} |" for name, value in write(tables)]
    return "\n".join(lines) + "\n"


def _training_lines(table):
    table = table.set_index("norm")
    for network, rows in table.groupby(_networks(table), sort=False):
        rows = rows.loc[NORMS]
        for name, values in (
            ("baseline / ours", _spreads(rows, "ratio")),
            ("samples per second", map(_round, rows.samples_per_second)),
            ("step time / batch", _spreads(rows, "over_batch_norm")),
        ):
            yield f"| {network}: {name} | {' | '.join(values)} |"


def _probe_lines(tables):
    names = {"ics": "ICS", "landscape": "Landscape"}
    for _, row in tables["probes"].iterrows():
        network = "VGG, width" if row.model == "vgg" else "DLN, depth"
        seconds = f"{row.our_seconds:.2g} s"
        if row.precision != "float32":
            seconds += f", {_spread(row, 'over_float32')} / float32"
        yield (
            f"{names[row.probe]}, baseline / ours: {network} {row['size']}, {row.precision}",
            f"{_spread(row, 'ratio')} (ours {seconds};"
            f" difference {row.largest_difference:.0e})",
        )


def _use_lines(tables):
    for (seeds, cores), rows in tables["use"].groupby(["seeds", "cores"], sort=False):
        first = rows.iloc[0]
        shares = ", ".join(f"{r.part} {r.share:.0%}" for r in rows.itertuples())
        yield (
            f"Default experiment, seeds: {seeds}, cores: {cores}",
            f"{first.wall_seconds / 60:.1f} min, {first.jobs:,} jobs: {shares};"
            f" start-up of a job {first.start_up_seconds:.3f} s",
        )


def _dry_run_lines(tables):
    for _, row in tables["dry_runs"].iterrows():
        name = f"Dry run of {row.experiment}, {row.jobs:,} jobs, {row.to_do} to do"
        yield name, f"{_spread(row, 'seconds', digits=1)} s"


def _growth_lines(tables):
    for name, rows in tables["growth"].groupby(_series(tables["growth"]), sort=False):
        yield (
            f"Growth: {name}",
            ", ".join(
                f"{r.size}: {_round(r.seconds)} [{_round(r.seconds_low)},"
                f" {_round(r.seconds_high)}] s, {r.peak_mib / 1024:.2f} GiB"
                for r in rows.itertuples()
            ),
        )


def _networks(rows):
    """The network of each row, as text."""
    return rows.model.str.upper().where(
        rows.model != "vgg", "VGG, width " + rows.width.astype(str)
    )


def _series(growth):
    """The series of each row, as text: what is measured, of which model, by which size."""
    return growth.what + ", " + growth.model + ", " + growth.grows_with


def _spread(row, column, digits=2):
    """The median over rounds, with the smallest and the largest."""
    low, high = row[f"{column}_low"], row[f"{column}_high"]
    return f"{row[column]:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _spreads(rows, column):
    return [_spread(row, column) for _, row in rows.iterrows()]


def _round(value):
    """Three significant digits, written out: 1,520,000 and not 1.52e+06."""
    return f"{float(f'{value:.3g}'):,.12g}"


def plot(tables: Tables):
    """Ratios of the training step, use of the cores, dry runs, growth of time and memory."""
    figure, axes = plt.subplots(3, 2, figsize=(9, 9.5), layout="constrained")
    (ratio, use), (steps, probes), (planning, memory) = axes
    _plot_ratios(ratio, tables["training"])
    _plot_use(use, tables["use"])
    for to_do, rows in tables["dry_runs"].groupby("to_do", sort=False):
        planning.plot(rows.jobs, rows.seconds, marker="o", label=f"{to_do} to do")
    planning.set(title="Dry runs", xlabel="jobs", ylabel="seconds")
    planning.set_ylim(bottom=0)
    planning.set_xlim(left=0)
    steps.set(title="Growth of training", ylabel="seconds per step")
    probes.set(title="Growth of measurements", ylabel="seconds per checkpoint")
    memory.set(title="Growth of memory", ylabel="peak memory (GiB)")
    _plot_growth(steps, probes, memory, tables["growth"])
    for axis in axes.flat:
        axis.title.set_fontsize(10)
        axis.legend(fontsize=7, frameon=False)
    ratio.set_ylim(top=1.4 * ratio.get_ylim()[1])  # room for the legend
    ratio.legend(fontsize=7, frameon=False, ncols=3, loc="upper center")
    return figure


def _plot_ratios(axis, steps):
    steps = steps.assign(network=_networks(steps).str.replace(", ", "\n"))
    steps["below"] = steps["ratio"] - steps["ratio_low"]
    steps["above"] = steps["ratio_high"] - steps["ratio"]
    tables = steps.pivot(index="network", columns="norm").loc[steps.network.unique()]
    spread = [[tables["below"][norm], tables["above"][norm]] for norm in NORMS]
    bars = {"rot": 0, "yerr": spread, "error_kw": {"elinewidth": 0.8}}
    tables["ratio"][NORMS].plot.bar(ax=axis, **bars)
    axis.axhline(1, color="black", linewidth=0.8)
    axis.set(title="Training step", xlabel="network", ylabel="baseline / ours")


def _plot_use(axis, shares):
    runs = [f"seeds: {r.seeds}\ncores: {r.cores}" for r in shares.itertuples()]
    shares = shares.assign(run=runs)
    parts = shares.pivot(index="run", columns="part", values="share")
    parts = parts.loc[shares["run"].unique(), ["computation", "start-up", "rest"]]
    parts.plot.bar(ax=axis, stacked=True, rot=0)
    axis.set(title="Use of the cores", xlabel="default experiment", ylim=(0, 1))
    axis.set_ylabel("share of cores x wall time")


def _plot_growth(steps, probes, memory, growth):
    for number, (name, rows) in enumerate(growth.groupby(_series(growth), sort=False)):
        style = {"color": f"C{number}", "marker": "osD^v<>P"[number % 8], "label": name}
        relative = rows["size"] / rows["size"].iloc[0]
        axis = steps if rows.what.iloc[0] == "training step" else probes
        low, high = rows.seconds - rows.seconds_low, rows.seconds_high - rows.seconds
        axis.errorbar(relative, rows.seconds, [low, high], **style)
        axis.loglog()
        memory.semilogx(relative, rows.peak_mib / 1024, **style, fillstyle="none")
    memory.set_ylim(bottom=0)
    for axis in (steps, probes, memory):
        axis.set_xlabel("size / smallest size")
        axis.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
        axis.minorticks_off()
