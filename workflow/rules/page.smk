# The page reports the time of each stage from Snakemake's records, so it is written last.
rule page:
    input:
        claims=paths.claims_copies(config),
        config=paths.settings_file(config, "config"),
        experiment=paths.settings_file(config, "experiment"),
        verdicts=f"{ROOT}/verdicts.csv",
        comparison=f"{ROOT}/paper_comparison.csv",
        theory=f"{ROOT}/theory.csv",
        outcomes=paths.outcomes(config),
        tables=evaluated_claims.explorer_tables(config),
        figures=[f"{ROOT}/figures/{figure}.png" for figure in paths.drawn(config)],
        checksums=f"{ROOT}/SHA256SUMS",
        runs=paths.manifests(config),
    output:
        f"{ROOT}/index.html",
    log:
        f"{ROOT}/logs/page.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests(
            "page.py", *catalogue.page_templates(), *catalogue.figure_files()
        ),
        name=config["name"],
        depends_on=[catalogue.caption(figure) for figure in paths.drawn(config)],
    message:
        "Write the results page"
    shell:
        "python -IS {resources.project:q}/src/run.py page --name {params.name} --config {input.config}"
        " --claims {input.claims} --verdicts {input.verdicts}"
        " --paper-comparison {input.comparison} --theory {input.theory}"
        " --tables {input.tables} {input.outcomes} --figures {input.figures} --checksums {input.checksums}"
        " --runs {input.runs} --experiment {input.experiment}"
        " --output {output}"
        " > {log} 2>&1"
