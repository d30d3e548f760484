rule prepare:
    input:
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
    params:
        dataset="{dataset}",
        settings=lambda wildcards: grid.as_json(config["datasets"][wildcards.dataset]),
    message:
        "Prepare the data set {wildcards.dataset}"
    shell:
        "python src/prepare.py --dataset {params.dataset} --settings {params.settings:q}"
        " --output {output} > {log} 2>&1"
