rule verdicts:
    input:
        claims=paths.claims_copies(config),
        experiment=paths.settings_file(config, "experiment"),
        curves=paths.table(config, paths.PAPER_CURVES.stem),
        outcomes=paths.outcomes(config),
        constant_losses=paths.constant_losses(config),
        tables=evaluated_claims.claim_tables(config),
    output:
        csv=report(
            f"{ROOT}/verdicts.csv",
            caption="../report/verdicts.rst",
            category="Verdicts",
            labels={"table": "Verdicts on the claims"},
        ),
        markdown=f"{ROOT}/verdicts.md",
        values=f"{ROOT}/verdict_values.csv",
        levels=f"{ROOT}/same_loss_levels.csv",
        comparison=f"{ROOT}/paper_comparison.csv",
    log:
        f"{ROOT}/logs/verdicts.log",
    # Jobs that depend on the verdicts depend on everything else, too. With this priority they are
    # evaluated before the figures are drawn, so that no core is idle.
    priority: 1
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("verdicts.py"),
        depends_on=params.norm_labels(),
    message:
        "Evaluate the claims"
    shell:
        "python -IS {resources.project:q}/src/run.py verdicts --claims {input.claims} --paper-curves {input.curves}"
        " --tables {input.tables} {input.outcomes} {input.constant_losses}"
        " --experiment {input.experiment} --csv {output.csv} --markdown {output.markdown}"
        " --values {output.values} --levels {output.levels} --paper-comparison {output.comparison}"
        " > {log} 2>&1"
