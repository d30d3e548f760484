# The archive is shared by all experiments.
rule download:
    input:
        code=grid.closure("download.py"),
    output:
        grid.CIFAR10_DOWNLOAD,
    log:
        "downloads/logs/download.log",
    conda:
        "../../envs/environment.yaml"
    params:
        url=config["datasets"]["cifar10"]["url"],
        checksum=config["datasets"]["cifar10"]["checksum"],
        help=f"put the archive at {grid.CIFAR10_DOWNLOAD}, or name the file or a folder"
        " of images as datasets.cifar10.source in the config",
    message:
        "Download CIFAR-10"
    shell:
        "python src/download.py --url {params.url:q} --checksum {params.checksum}"
        " --help-line {params.help:q} --output {output} 2>&1 | tee {log}"


rule prepare:
    input:
        source=lambda wildcards: grid.dataset_files(config, wildcards.dataset),
        code=lambda wildcards: grid.closure(
            "prepare.py", f"normscape/datasets/{wildcards.dataset}.py"
        ),
    output:
        f"{ROOT}/data/{{dataset}}.safetensors",
    log:
        f"{ROOT}/logs/prepare/{{dataset}}.log",
    cache: True
    conda:
        "../../envs/environment.yaml"
    resources:
        **grid.resources(config, mem_mb=4000, runtime=60),
    params:
        dataset="{dataset}",
        settings=lambda wildcards: grid.as_json(
            grid.dataset_settings(config, wildcards.dataset)
        ),
    message:
        "Prepare the data set {wildcards.dataset}"
    shell:
        "python src/prepare.py --dataset {params.dataset} --settings {params.settings:q}"
        " --output {output} > {log} 2>&1"
