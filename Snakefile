"""Why does normalisation help optimisation? From data to figures."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

from src.normscape import fork_server
from workflow import grid
from workflow.progress import Progress, verdicts
from workflow.validation import validate_config


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


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
include: "workflow/rules/page.smk"
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
    page,
    archive,


rule all:
    default_target: True
    input:
        grid.results(config),
        f"{ROOT}/index.html",
        # Also when all that is made of them is there.
        grid.manifests(config),


# Jobs read this file, too, and have nothing to tell.
progress = Progress(logger) if workflow.is_main_process else None


onstart:
    progress.start()
    if workflow.local_exec:
        fork_server.start()
        # With a limit, each job that ends adds a timer that looks for work ever again:
        # after some hundred jobs that takes a sixth of a core. Processes need none.
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    progress.stop()
    if Path(f"{ROOT}/verdicts.csv").is_file():
        print(f"\n{verdicts(f'{ROOT}/verdicts.csv')}\n")
    if Path(f"{ROOT}/index.html").is_file():
        print(f"The results page: {ROOT}/index.html", flush=True)


onerror:
    progress.stop()
    print(progress.failures(), flush=True)
