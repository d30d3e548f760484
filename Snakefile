"""Why does normalisation help optimisation? From data to figures."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
# Of this file: as a module of another workflow, too, and from whatever working directory.
PROJECT = workflow.current_basedir.get_path_or_uri(secret_free=True)
sys.path.insert(0, f"{PROJECT}/src")

from normscape.archive import contents
from normscape.jobs import fork_server
from normscape import parts
from normscape.pipeline import (
    code,
    config_files,
    grid,
    params,
    paths,
    quantities,
    resources,
)
from normscape.pipeline.config import description, validate
from normscape.pipeline.progress import Progress, summary

if not parts.FOLDER.samefile(f"{PROJECT}/src/normscape"):
    sys.exit(
        f"normscape is already imported from {parts.FOLDER}; use one clone per workflow"
    )

# Jobs read this file, too, and have nothing to tell.
progress = (
    Progress(logger, workflow.output_settings, workflow.modifier.is_main_snakefile())
    if workflow.is_main_process
    else None
)


report: "workflow/report/workflow.rst"


# Not by "configfile:", which keeps the last of two equal keys. A module's config may be given.
if not workflow.modifier.skip_configfile:
    config = config_files.load(Path(PROJECT, "config.yaml"), workflow.config_settings)
config = validate(config)
ROOT = paths.root(config)
# What scripts read of the config, as files: an argument has a limit of 128 KiB.
SETTINGS = {"config": config, "experiment": description(config)}
# Without --cache, Snakemake would print a line for each rule that might use it.
CACHE = workflow.workflow_settings.cache is not None


wildcard_constraints:
    model="|".join(grid.models(config)),
    norm=r"\w+",
    lr=r"[-+.e\d]+",
    seed=r"\d+",
    step=r"\d+",
    figure="|".join(paths.figures()),


include: "workflow/rules/copy.smk"
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


rule all:
    default_target: True
    input:
        paths.results(config),
        f"{ROOT}/index.html",
        # Also when all that is made of them is there.
        paths.manifests(config),
    localrule: True


# Where a submission's jobs run, onstart does not. On Slurm that is a second Snakemake, a job
# step; the first is told by which executor it starts it.
if workflow.remote_exec and "--executor" not in sys.argv:
    fork_server.start()


onstart:
    if workflow.config_settings.replace_workflow_config and not workflow.local_exec:
        sys.exit(
            "--replace-workflow-config does not reach the jobs of a cluster; "
            "set the models and probes that you leave out to null instead"
        )
    if workflow.local_exec:
        fork_server.start()
        # With a limit, each job that ends adds a timer that looks for work ever again:
        # after some hundred jobs that takes a sixth of a core. Processes need none.
        workflow.scheduler.job_rate_limiter = None
    progress.start(config["name"], ROOT, log)


onsuccess:
    progress.stop(summary(ROOT))


onerror:
    progress.stop(progress.failures())
