rule figure:
    input:
        tables=lambda wildcards: paths.figure_tables(config, wildcards.figure),
        experiment=paths.settings_file(config, "experiment"),
    output:
        png=report(
            f"{ROOT}/figures/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels=lambda wildcards: {"figure": paths.caption(wildcards.figure)[0]},
        ),
        pdf=f"{ROOT}/figures/{{figure}}.pdf",
    log:
        f"{ROOT}/logs/figure/{{figure}}.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=lambda wildcards: code.digests(
            "figure.py", f"normscape/figures/{wildcards.figure}.py"
        ),
        figure="{figure}",
        caption=lambda wildcards: paths.caption(wildcards.figure)[1],
    message:
        "Draw {wildcards.figure}"
    shell:
        "python -IS {resources.project:q}/src/run.py figure {params.figure} --tables {input.tables}"
        " --experiment {input.experiment} --output {output} > {log} 2>&1"
