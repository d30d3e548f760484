rule figure:
    input:
        tables=figure_tables,
        experiment=paths.settings_file(config, "experiment"),
    output:
        png=report(
            f"{ROOT}/figures/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels=figure_labels,
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
        code=figure_code,
        figure="{figure}",
        caption=figure_caption,
    message:
        "Draw {wildcards.figure}"
    shell:
        "python -IS {resources.project:q}/src/run.py figure {params.figure} --tables {input.tables}"
        " --experiment {input.experiment} --output {output} > {log} 2>&1"
