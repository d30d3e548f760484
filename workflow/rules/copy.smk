rule write_settings:
    output:
        paths.settings_file(config, "{settings}"),
    log:
        f"{ROOT}/logs/write_settings/{{settings}}.log",
    wildcard_constraints:
        settings="|".join(SETTINGS),
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        content=settings_json,
    message:
        "Write {wildcards.settings}.json"
    shell:
        "printf '%s\\n' {params.content:q} > {output} 2> {log}"


# Copies, so that the project's path does not matter, and results hold the claims they were
# evaluated by.
rule copy_claims:
    output:
        f"{ROOT}/claims/{{file}}",
    log:
        f"{ROOT}/logs/copy_claims/{{file}}.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        source="claims/{file}",
        depends_on=claims_digest,
    message:
        "Copy the claims {wildcards.file}"
    shell:
        "cp {resources.project:q}/workflow/{params.source:q} {output} 2> {log}"


use rule copy_claims as copy_paper_curves with:
    output:
        paths.table(config, paths.PAPER_CURVES.stem),
    log:
        f"{ROOT}/logs/copy_paper_curves.log",
    localrule: True
    params:
        source="resources/paper_curves.csv",
        depends_on=code.file_digest(paths.PAPER_CURVES),
    message:
        "Copy the paper's curves"
