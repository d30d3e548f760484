# A result that was damaged has other bytes, so this runs again and names it. Checkpoints
# are no inputs: after an archive is unpacked, they are not there and need not be.
rule check:
    input:
        files=grid.results(config),
        runs=grid.manifests(config),
        code=grid.closure("check.py"),
    output:
        f"{ROOT}/SHA256SUMS",
    log:
        f"{ROOT}/logs/check.log",
    conda:
        "../../envs/environment.yaml"
    message:
        "Check that all results are whole"
    shell:
        "python src/check.py {input.files} --runs {input.runs} --output {output}"
        " > {log} 2>&1"
