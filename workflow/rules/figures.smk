rule figure:
    input:
        tables=lambda wildcards: grid.figure_tables(config, wildcards.figure),
        code=lambda wildcards: grid.closure(
            "figure.py", f"figures/{wildcards.figure}.py"
        ),
    output:
        multiext(f"{ROOT}/figures/{{figure}}", ".png", ".pdf"),
    log:
        f"{ROOT}/logs/figure/{{figure}}.log",
    conda:
        "../../envs/environment.yaml"
    params:
        figure="{figure}",
        norms=grid.norms(config),
    message:
        "Draw {wildcards.figure}"
    shell:
        "python src/figure.py {params.figure} --tables {input.tables}"
        " --norms {params.norms} --output {output} > {log} 2>&1"
