rule verdicts:
    input:
        claims="workflow/resources/claims.yaml",
        curves=grid.PAPER_CURVES,
        tables=[f"{ROOT}/tables/{table}.csv" for table in grid.VERDICT_TABLES],
        code=grid.closure("verdicts.py"),
    output:
        csv=report(
            f"{ROOT}/verdicts.csv",
            caption="../report/verdicts.rst",
            category="Verdicts",
            labels={"table": "The paper's claims, judged"},
        ),
        markdown=f"{ROOT}/verdicts.md",
    log:
        f"{ROOT}/logs/verdicts.log",
    conda:
        "../../envs/environment.yaml"
    params:
        norms=grid.norms(config),
    message:
        "Judge the claims"
    shell:
        "python src/verdicts.py --claims {input.claims} --paper-curves {input.curves}"
        " --tables {input.tables} --norms {params.norms}"
        " --csv {output.csv} --markdown {output.markdown} > {log} 2>&1"
