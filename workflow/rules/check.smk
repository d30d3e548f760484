# A result that was damaged has other bytes, so this runs again and names it.
rule check:
    input:
        files=grid.results(config),
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
        "python src/check.py {input.files} --output {output} > {log} 2>&1"
