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
include: "workflow/rules/check.smk"
include: "workflow/rules/archive.smk"


# On a cluster, what takes seconds stays where Snakemake runs, and so does the network.
localrules:
    all,
    download,
    collect,
    summarise,
    figure,
    verdicts,
    check,
    archive,


rule all:
    default_target: True
    input:
        grid.results(config),
        f"{ROOT}/SHA256SUMS",


onsuccess:
    grid.print_file(f"{ROOT}/verdicts.md")
