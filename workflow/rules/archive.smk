# Only when asked for: `make archive`. The zip's name holds the digest of its content.
rule archive:
    input:
        results=paths.results(config),
        page=f"{ROOT}/index.html",
        config=paths.settings_file(config, "config"),
        # Not a file, but a check before the first job, because training takes hours.
        source=contents.check_source,
    output:
        f"{ROOT}/archive.txt",
    log:
        f"{ROOT}/logs/archive.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("archive.py"),
        name=config["name"],
        checkpoints="--checkpoints" if config["archive_checkpoints"] else "",
    message:
        "Pack results/{params.name}"
    shell:
        "python -IS {resources.project:q}/src/run.py archive --name {params.name} --config {input.config}"
        " {params.checkpoints} --output {output} 2>&1 | tee {log}"
