rule verdicts:
    input:
        claims=paths.claims_copies(config),
        experiment=paths.settings_file(config, "experiment"),
        curves=paths.table(config, paths.PAPER_CURVES.stem),
        tables=quantities.tables(config, quantities.claimed(config)),
    output:
        csv=report(
            f"{ROOT}/verdicts.csv",
            caption="../report/verdicts.rst",
            category="Verdicts",
            labels={"table": "The claims, judged"},
        ),
        markdown=f"{ROOT}/verdicts.md",
        beside=f"{ROOT}/beside_paper.csv",
    log:
        f"{ROOT}/logs/verdicts.log",
    # What waits for it waits for all else, too: before the figures, so that no core idles.
    priority: 1
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("verdicts.py"),
        depends_on=[quantities.claimed(config), params.norm_labels()],
    message:
        "Judge the claims"
    shell:
        "python -IS {resources.project:q}/src/run.py verdicts --claims {input.claims} --paper-curves {input.curves}"
        " --tables {input.tables} --experiment {input.experiment}"
        " --csv {output.csv} --markdown {output.markdown} --beside {output.beside}"
        " > {log} 2>&1"
