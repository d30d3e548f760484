# It says how long each stage took, from Snakemake's records, so it comes last.
rule page:
    input:
        claims="workflow/resources/claims.yaml",
        verdicts=f"{ROOT}/verdicts.csv",
        theory=f"{ROOT}/theory.csv",
        tables=[f"{ROOT}/tables/{table}.csv" for table in grid.PAGE_TABLES],
        figures=[f"{ROOT}/figures/{figure}.png" for figure in grid.figures()],
        sums=f"{ROOT}/SHA256SUMS",
        runs=grid.manifests(config),
        code=grid.closure(
            "page.py", *(f"figures/{figure}.py" for figure in grid.figures())
        ),
        templates=grid.page_templates(),
    output:
        f"{ROOT}/index.html",
    log:
        f"{ROOT}/logs/page.log",
    conda:
        "../../envs/environment.yaml"
    params:
        name=config["name"],
        config=grid.whole_config(config),
        norms=grid.norms(config),
    message:
        "Write the results page"
    shell:
        "python src/page.py --name {params.name} --config {params.config:q}"
        " --claims {input.claims} --verdicts {input.verdicts} --theory {input.theory}"
        " --tables {input.tables} --figures {input.figures} --sums {input.sums}"
        " --runs {input.runs} --norms {params.norms} --output {output} > {log} 2>&1"
