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
        content=lambda wildcards: params.in_order(SETTINGS[wildcards.settings]),
    message:
        "Write {wildcards.settings}.json"
    shell:
        "printf '%s\\n' {params.content:q} > {output} 2> {log}"


# Copies: where the project lies decides nothing, and results say what they were judged by.
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
        digest=lambda wildcards: code.of_file(paths.CLAIMS / wildcards.file),
    message:
        "Copy the claims {wildcards.file}"
    shell:
        "cp {resources.project:q}/workflow/claims/{wildcards.file:q} {output} 2> {log}"


rule copy_paper_curves:
    output:
        paths.table(config, paths.PAPER_CURVES.stem),
    log:
        f"{ROOT}/logs/copy_paper_curves.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        digest=code.of_file(paths.PAPER_CURVES),
    message:
        "Copy the paper's curves"
    shell:
        "cp {resources.project:q}/workflow/resources/paper_curves.csv {output} 2> {log}"
