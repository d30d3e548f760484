# Runs with batch normalisation, of each model's first learning rate and seed.
rule theory:
    input:
        trained=[
            path for trained in paths.theory_runs(config).values() for path in trained
        ],
    output:
        instances=f"{ROOT}/tables/theory_instances.csv",
        summary=report(
            f"{ROOT}/theory.csv",
            caption="../report/theory.rst",
            category="Verdicts",
            labels={"table": "The theorems, checked"},
        ),
    log:
        f"{ROOT}/logs/theory.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        **resources.request(config, memory_mb=4000, minutes=60),
        project=PROJECT,
    params:
        code=params.theory_code(config, list(paths.theory_runs(config))),
        random=200,
        layers=[2, 9, 13],
        trained=[
            "--trained {} {} {}".format(*trained)
            for trained in paths.theory_runs(config).values()
        ],
    message:
        "Check the theorems"
    shell:
        "python -IS {resources.project:q}/src/run.py theory --random {params.random} {params.trained}"
        " --layers {params.layers}"
        " --instances {output.instances} --summary {output.summary} > {log} 2>&1"
