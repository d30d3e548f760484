rule figure:
    input:
        tables=lambda wildcards: grid.figure_tables(config, wildcards.figure),
        code=lambda wildcards: grid.closure(
            "figure.py", f"figures/{wildcards.figure}.py"
        ),
    output:
        png=report(
            f"{ROOT}/figures/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels=lambda wildcards: {"figure": grid.caption(wildcards.figure)[0]},
        ),
        pdf=f"{ROOT}/figures/{{figure}}.pdf",
    log:
        f"{ROOT}/logs/figure/{{figure}}.log",
    conda:
        "../../envs/environment.yaml"
    params:
        figure="{figure}",
        caption=lambda wildcards: grid.caption(wildcards.figure)[1],
        norms=grid.norms(config),
    message:
        "Draw {wildcards.figure}"
    shell:
        "python src/figure.py {params.figure} --tables {input.tables}"
        " --norms {params.norms} --output {output} > {log} 2>&1"
