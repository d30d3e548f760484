# A run's tables first, then all runs', so that no command line grows with the number
# of checkpoints times that of runs.
rule collect_run:
    input:
        tables=lambda wildcards: grid.run_probe_tables(config, wildcards),
        code=grid.closure("collect.py"),
    output:
        grid.probe_folder(config) + ".csv",
    log:
        f"{ROOT}/logs/collect_run/{{table}}/{grid.CELL_PATTERN}.log",
    wildcard_constraints:
        table="|".join(grid.collected_tables()),
    conda:
        "../../envs/environment.yaml"
    resources:
        **grid.resources(config, mem_mb=1000, runtime=5),
    message:
        "Collect {wildcards.table} of {wildcards.model}, {wildcards.norm}, lr {wildcards.lr}, seed {wildcards.seed}"
    shell:
        "python src/collect.py {input.tables} --output {output} > {log} 2>&1"


rule collect:
    input:
        tables=lambda wildcards: grid.run_tables(config, wildcards),
        code=grid.closure("collect.py"),
    output:
        f"{ROOT}/tables/{{table}}.csv",
    log:
        f"{ROOT}/logs/collect/{{table}}.log",
    wildcard_constraints:
        table="|".join(grid.collected_tables()),
    conda:
        "../../envs/environment.yaml"
    message:
        "Collect the table {wildcards.table}"
    shell:
        "python src/collect.py {input.tables} --output {output} > {log} 2>&1"


rule summarise:
    input:
        tables=lambda wildcards: [
            f"{ROOT}/tables/{table}.csv" for table in grid.SUMMARIES[wildcards.table]
        ],
        code=grid.closure("summarise.py"),
    output:
        f"{ROOT}/tables/{{table}}.csv",
    log:
        f"{ROOT}/logs/summarise/{{table}}.log",
    wildcard_constraints:
        table="|".join(grid.SUMMARIES),
    conda:
        "../../envs/environment.yaml"
    params:
        table="{table}",
    message:
        "Summarise as {wildcards.table}"
    shell:
        "python src/summarise.py {params.table} {input.tables} --output {output}"
        " > {log} 2>&1"
