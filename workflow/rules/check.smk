# A result that was damaged has other bytes, so this runs again and names it. Checkpoints
# are no inputs: after an archive is unpacked, they are not there and need not be.
rule check:
    input:
        files=paths.results(config),
        runs=paths.manifests(config),
    output:
        # The list as it was says which files changed though no job made them again.
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
