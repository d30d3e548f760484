"""Why does normalisation help optimisation? From data to figures."""

from snakemake.utils import min_version

min_version("9.27")

from workflow import grid
from workflow.validation import validate_config


configfile: "config.yaml"


config = validate_config(config)
ROOT = grid.root(config)


wildcard_constraints:
    model="|".join(grid.models(config)) or "none",
    norm=r"\w+",
    lr=r"[-+.e\d]+",
    seed=r"\d+",
    step=r"\d+",


include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/probe.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/verdicts.smk"
include: "workflow/rules/theory.smk"


rule all:
    default_target: True
    input:
        grid.tables(config),
        f"{ROOT}/verdicts.md",
        f"{ROOT}/theory.csv",
        expand(
            f"{ROOT}/figures/{{figure}}.{{format}}",
            figure=grid.figures(),
            format=["png", "pdf"],
        ),


onsuccess:
    grid.print_file(f"{ROOT}/verdicts.md")
