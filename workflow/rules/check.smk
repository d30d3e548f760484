# A damaged result has another checksum, so this runs again and names it. Checkpoints are not
# inputs, because an unpacked archive has none.
rule check:
    input:
        files=paths.results(config),
        runs=paths.manifests(config),
    output:
        # The previous list shows which files changed although no job made them again.
        update(f"{ROOT}/SHA256SUMS"),
    log:
        f"{ROOT}/logs/check.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("check.py"),
    message:
        "Check the integrity of all results"
    shell:
        "python -IS {resources.project:q}/src/run.py check {input.files} --runs {input.runs} --output {output}"
        " > {log} 2>&1"
