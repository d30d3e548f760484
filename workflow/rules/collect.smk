# Tables are collected for each run first, so that no command line grows with the number
# of checkpoints times the number of runs.
rule collect:
    input:
        tables=tables_of_runs,
    output:
        f"{ROOT}/tables/{{table}}.csv",
    log:
        f"{ROOT}/logs/collect/{{table}}.log",
    wildcard_constraints:
        table="|".join(catalogue.collected_tables()),
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("collect.py"),
        columns=columns,
    message:
        "Collect the table {wildcards.table}"
    shell:
        "python -IS {resources.project:q}/src/run.py collect {input.tables} --columns {params.columns}"
        " --output {output} > {log} 2>&1"


# The rule without a group is the first one, because "use rule ... with" cannot remove a group: one
# shared by all runs would join their measurements into one Slurm job.
use rule collect as collect_run with:
    input:
        tables=probe_tables_of_run,
    output:
        paths.probe_folder(config) + ".csv",
    log:
        f"{ROOT}/logs/collect_run/{{table}}/{paths.CELL_PATTERN}.log",
    group:
        submission
    resources:
        **resources.request(config, memory_mb=1000, minutes=5),
        project=PROJECT,
    message:
        "Collect {wildcards.table} of {wildcards.model}, {wildcards.norm}, lr {wildcards.lr}, seed {wildcards.seed}"


rule outcomes:
    input:
        history=paths.table(config, "history"),
        runs=paths.table(config, "runs"),
        experiment=paths.settings_file(config, "experiment"),
    output:
        paths.outcomes(config),
    log:
        f"{ROOT}/logs/outcomes.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("outcomes.py"),
    message:
        "Note which runs have learnt"
    shell:
        "python -IS {resources.project:q}/src/run.py outcomes --history {input.history} --runs {input.runs}"
        " --experiment {input.experiment} --output {output} > {log} 2>&1"


rule constant_losses:
    input:
        data=params.constant_loss_data(config),
    output:
        paths.constant_losses(config),
    log:
        f"{ROOT}/logs/constant_losses.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=params.constant_loss_code(config),
        models=params.constant_loss_models(config),
    message:
        "Compute the losses of constant outputs"
    shell:
        "python -IS {resources.project:q}/src/run.py constant_losses --models {params.models:q}"
        " --data {input.data} --output {output} > {log} 2>&1"


rule summarise:
    input:
        tables=summary_sources,
    output:
        f"{ROOT}/tables/{{table}}.csv",
    log:
        f"{ROOT}/logs/summarise/{{table}}.log",
    wildcard_constraints:
        table="|".join(catalogue.summaries()),
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=summary_code,
        table="{table}",
    message:
        "Summarise as {wildcards.table}"
    shell:
        "python -IS {resources.project:q}/src/run.py summarise {params.table} {input.tables} --output {output}"
        " > {log} 2>&1"
