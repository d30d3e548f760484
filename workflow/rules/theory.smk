# Whatever the grid has of batch normalisation: a model's first learning rate and seed.
rule theory:
    input:
        trained=[path for trained in grid.theory_runs(config) for path in trained],
        code=grid.closure(
            "theory.py",
            "normscape/norms/batch.py",
            *(f"normscape/models/{model}.py" for model in grid.models(config)),
        ),
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
        **grid.resources(config, mem_mb=4000, runtime=60),
    params:
        random=200,
        layers=[2, 9, 13],
        trained=[
            "--trained {} {} {}".format(*trained)
            for trained in grid.theory_runs(config)
        ],
    message:
        "Check the theorems"
    shell:
        "python src/theory.py --random {params.random} {params.trained}"
        " --layers {params.layers}"
        " --instances {output.instances} --summary {output.summary} > {log} 2>&1"
