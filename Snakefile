"""Why does normalisation help optimisation? From data to figures."""

import re
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
# The folder of this Snakefile, also as a module and from another working directory.
PROJECT = workflow.current_basedir.get_path_or_uri(secret_free=True)
sys.path.insert(0, f"{PROJECT}/src")

from normscape.archive import contents
from normscape.jobs import fork_server
from normscape import code, components
from normscape.pipeline import (
    catalogue,
    config_files,
    evaluated_claims,
    grid,
    params,
    paths,
    resources,
)
from normscape.pipeline.config import description, validate
from normscape.pipeline.final_lines import summary
from normscape.pipeline.progress import Progress

if not components.FOLDER.samefile(f"{PROJECT}/src/normscape"):
    sys.exit(
        f"normscape is already imported from {components.FOLDER}; use one clone per workflow"
    )

# Snakemake reads this file again in every job; only the main process reports progress.
progress = (
    Progress(logger, workflow.output_settings, workflow.modifier.is_main_snakefile())
    if workflow.is_main_process
    else None
)


report: "workflow/report/workflow.rst"


# "configfile:" would keep the last of two equal keys. Another workflow that uses this one
# as a module may give its config.
if not workflow.modifier.skip_configfile:
    config = config_files.load(Path(PROJECT, "config.yaml"), workflow.config_settings)
config = validate(config)
ROOT = paths.root(config)
# Scripts read these as files, because an argument is limited to 128 KiB.
SETTINGS = {"config": config, "experiment": description(config)}
# Without --cache, Snakemake would print a line for each rule that might use it.
CACHE = workflow.workflow_settings.cache is not None


wildcard_constraints:
    model="|".join(grid.models(config)),
    norm=r"\w+",
    lr=r"[-+.e\d]+",
    seed=r"\d+",
    step=r"\d+",
    figure="|".join(catalogue.figures()),


include: "workflow/rules/common.smk"
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
        # A missing manifest trains again, even where every result is complete.
        paths.manifests(config),
    localrule: True


# Inside a Slurm job, a second Snakemake runs the jobs, and its onstart is not called. The
# first one, which submits it, is recognised by its --executor.
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
        # With a rate limit, each finished job adds a timer that never stops: after some
        # hundred jobs the timers take a sixth of a core.
        workflow.scheduler.job_rate_limiter = None
    progress.start(config["name"], ROOT, log)


onsuccess:
    progress.stop(summary(ROOT))


onerror:
    progress.stop(progress.failures())
