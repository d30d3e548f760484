# A run's tables first, then all runs', so that no command line grows with the number
# of checkpoints times that of runs.
rule collect_run:
    input:
        tables=lambda wildcards: paths.run_probe_tables(config, wildcards),
    output:
        paths.probe_folder(config) + ".csv",
    log:
        f"{ROOT}/logs/collect_run/{{table}}/{paths.CELL_PATTERN}.log",
    wildcard_constraints:
        table="|".join(paths.collected_tables()),
    group:
        submission
    conda:
        "../../envs/environment.yaml"
    resources:
        **resources.ask(config, memory_mb=1000, minutes=5),
        project=PROJECT,
    params:
        code=code.digests("collect.py"),
        columns=lambda wildcards: paths.columns(wildcards.table),
    message:
        "Collect {wildcards.table} of {wildcards.model}, {wildcards.norm}, lr {wildcards.lr}, seed {wildcards.seed}"
    shell:
        "python -IS {resources.project:q}/src/run.py collect {input.tables} --columns {params.columns}"
        " --output {output} > {log} 2>&1"


rule collect:
    input:
        tables=lambda wildcards: paths.run_tables(config, wildcards),
    output:
        f"{ROOT}/tables/{{table}}.csv",
    log:
        f"{ROOT}/logs/collect/{{table}}.log",
    wildcard_constraints:
        table="|".join(paths.collected_tables()),
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("collect.py"),
        columns=lambda wildcards: paths.columns(wildcards.table),
    message:
        "Collect the table {wildcards.table}"
    shell:
        "python -IS {resources.project:q}/src/run.py collect {input.tables} --columns {params.columns}"
        " --output {output} > {log} 2>&1"


rule outcomes:
    input:
        runs=paths.table(config, "runs"),
        tables=quantities.tables(config, quantities.of_chance(config)),
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
        learnt=params.as_json(quantities.of_chance(config)),
    message:
        "Note which runs have learnt"
    shell:
        "python -IS {resources.project:q}/src/run.py outcomes --tables {input.runs} {input.tables}"
        " --experiment {input.experiment} --output {output} > {log} 2>&1"


rule summarise:
    input:
        tables=lambda wildcards: paths.summary_sources(config, wildcards.table),
    output:
        f"{ROOT}/tables/{{table}}.csv",
    log:
        f"{ROOT}/logs/summarise/{{table}}.log",
    wildcard_constraints:
        table="|".join(paths.summaries()),
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=lambda wildcards: code.digests(
            "summarise.py", f"normscape/summaries/{wildcards.table}.py"
        ),
        table="{table}",
    message:
        "Summarise as {wildcards.table}"
    shell:
        "python -IS {resources.project:q}/src/run.py summarise {params.table} {input.tables} --output {output}"
        " > {log} 2>&1"
