"""Two experiments side by side: where their verdicts and their curves differ."""

from pathlib import Path

import pandas as pd

from normscape import components
from normscape.claims.wording import aligned, first_readings, readable
from normscape.experiment import Experiment
from normscape.page import explorer, images, templates
from normscape.tables import frames

# What says which claim, of which runs, a verdict is about.
_KEY = ["claim", "model", "subject", "reference", "lr"]
_COLUMNS = {
    "claim": "statement",
    "runs": "runs",
    "effect [95%], seeds": "measured",
    "verdict": "verdict",
}


class Finished:
    """The results in a finished experiment's folder, with a label for the page."""

    def __init__(self, folder: Path, label: str):
        self.folder, self.label = folder, label
        (self.verdicts,) = frames.read([folder / "verdicts.csv"]).values()
        files = {path.stem: path for path in folder.glob("tables/*.csv")}
        self.quantities = explorer.explored(files)
        names = {table for q in self.quantities.values() for table in q.tables}
        names |= {"outcomes"} & files.keys()
        tables = frames.read(files[name] for name in sorted(names))
        self.curves = explorer.curves(self.quantities, tables)

    @property
    def figures(self) -> dict[str, Path]:
        return {path.stem: path for path in sorted(self.folder.glob("figures/*.png"))}


def labels(a: Path, b: Path) -> tuple[str, str]:
    """The folders' names, or their paths where the names are equal."""
    a, b = a.resolve(), b.resolve()
    return (a.name, b.name) if a.name != b.name else (str(a), str(b))


def verdicts(a: Finished, b: Finished) -> pd.DataFrame:
    """A row for each claim that either judges, as text, with the columns

    claim, runs, and for each experiment its measured effect and its verdict; ``differs``
    says whether the verdicts are not the same.
    """
    sides = []
    for letter, experiment in (("a", a), ("b", b)):
        rows = first_readings(experiment.verdicts).reset_index(drop=True)
        text = readable(experiment.verdicts).rename(columns=_COLUMNS)
        failures = [f"; {f}" if pd.notna(f) else "" for f in rows.not_learnt]
        text = text.assign(measured=text.measured + failures)[[*_COLUMNS.values()]]
        text = pd.concat([rows[_KEY], text], axis="columns")
        sides.append(text.add_suffix(f"_{letter}"))
    left, right = sides
    left_on, right_on = ([f"{key}_{x}" for key in _KEY] for x in "ab")
    table = left.merge(right, "outer", left_on=left_on, right_on=right_on, sort=False)
    absent = "not in this experiment"
    return pd.DataFrame(
        {
            "claim": table.statement_a.fillna(table.statement_b),
            "runs": table.runs_a.fillna(table.runs_b),
            "measured_a": table.measured_a.fillna(""),
            "verdict_a": table.verdict_a.fillna(absent),
            "measured_b": table.measured_b.fillna(""),
            "verdict_b": table.verdict_b.fillna(absent),
            "differs": table.verdict_a.fillna(absent) != table.verdict_b.fillna(absent),
        }
    )


def last_values(a: Finished, b: Finished) -> pd.DataFrame:
    """One row per curve of both experiments: their means at the last common step.

    A mean is text, with a remark, where a run stayed at chance or diverged. ``apart`` says
    that the ranges over seeds do not overlap at that step.
    """
    rows = []
    curves_of_b = {_key(curve): curve for curve in b.curves}
    for curve in a.curves:
        other = curves_of_b.get(_key(curve))
        common = set(curve["step"]) & set(other["step"]) if other else set()
        if not common:
            continue
        step = max(common)
        i, j = curve["step"].index(step), other["step"].index(step)
        apart = curve["low"][i] > other["high"][j] or curve["high"][i] < other["low"][j]
        means = (
            _with_remark(curve["mean"][i], curve),
            _with_remark(other["mean"][j], other),
        )
        rows.append([*_key(curve), step, *means, apart])
    columns = ["quantity", "model", "norm", "lr", "step", "a", "b", "apart"]
    return pd.DataFrame(rows, columns=columns)


def _with_remark(mean, curve):
    """The mean, as text with a remark where not all of the curve's runs have learnt."""
    return f"{mean} ({curve['not_learnt']})" if "not_learnt" in curve else mean


def _key(curve):
    return curve["quantity"], curve["model"], curve["norm"], curve["lr"]


def text(a: Finished, b: Finished) -> str:
    """The differences, for a terminal."""
    judged = verdicts(a, b)
    differ = judged[judged.differs]
    lines = [f"{len(differ)} of {len(judged)} verdicts differ\n"]
    if len(differ):
        shown = differ[["claim", "runs", "verdict_a", "verdict_b"]]
        shown = shown.set_axis(["claim", "runs", a.label, b.label], axis="columns")
        lines.append(aligned(shown))
    values = last_values(a, b)
    apart = values[values.apart]
    lines.append(
        f"{len(apart)} of {len(values)} curves end apart: their ranges over seeds do not "
        "overlap at the last common step\n"
    )
    if len(apart):
        shown = apart.drop(columns="apart")
        shown = shown.rename(columns={"a": a.label, "b": b.label})
        lines.append(aligned(shown))
    return "\n".join(lines)


def render(a: Finished, b: Finished) -> str:
    """The page as HTML."""
    curves = [
        {"experiment": experiment.label} | curve
        for experiment in (a, b)
        for curve in experiment.curves
    ]
    quantities = a.quantities | b.quantities
    judged = verdicts(a, b)
    return templates.fill(
        "comparison.html.j2",
        a=a.label,
        b=b.label,
        verdicts=judged.to_dict("records"),
        differ=int(judged.differs.sum()),
        curves=last_values(a, b).query("apart").to_dict("records"),
        quantities={name: q.label for name, q in quantities.items()},
        figures=[
            {"name": name, "a": _image(a, name), "b": _image(b, name)}
            for name in sorted(a.figures.keys() & b.figures.keys())
        ],
        data=templates.script_data(explorer.data(curves, _norms(curves), quantities)),
    )


def _norms(curves):
    """The normalisers of curves, with the label and colour that this clone declares."""
    names = dict.fromkeys(curve["norm"] for curve in curves)
    known = components.names("norms")
    declared = [components.declaration("norms", n) if n in known else {} for n in names]
    norms = [
        {"name": name, "label": d.get("label"), "colour": d.get("colour")}
        for name, d in zip(names, declared, strict=True)
    ]
    return list(Experiment(models=[], norms=norms).norms.values())


def _image(experiment, name):
    return images.inline(experiment.figures[name]).address
