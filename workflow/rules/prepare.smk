# The archive of a data set is shared by all experiments.
for dataset, archive in paths.downloads().items():

    rule:
        name:
            f"download_{dataset}"
        output:
            archive,
        log:
            f"downloads/logs/{dataset}.log",
        retries: 3
        localrule: True
        conda:
            "../../envs/environment.yaml"
        resources:
            project=PROJECT,
        params:
            code=code.digests("download.py"),
            url=config["datasets"][dataset]["url"],
            checksum=config["datasets"][dataset]["checksum"],
            help=f"put the archive at {archive}, or name the file or a folder"
            f" of images as datasets.{dataset}.source in the config",
        message:
            f"Download {dataset}"
        shell:
            "python -IS {resources.project:q}/src/run.py download --url {params.url:q} --checksum {params.checksum}"
            " --help-line {params.help:q} --output {output} 2>&1 | tee {log}"


for dataset in parts.names("datasets"):

    rule:
        name:
            f"prepare_{dataset}"
        input:
            source=paths.dataset_files(config, dataset),
        output:
            paths.dataset_file(config, dataset),
        log:
            f"{ROOT}/logs/prepare/{paths.dataset_name(dataset)}.log",
        cache: CACHE
        conda:
            "../../envs/environment.yaml"
        resources:
            **resources.ask(config, memory_mb=4000, minutes=60),
            project=PROJECT,
        params:
            code=code.digests("prepare.py", f"normscape/datasets/{dataset}.py"),
            dataset=dataset,
            settings=params.dataset_settings(config, dataset),
            read=params.data_digests(config, dataset),
        message:
            "Prepare the data set "
            + paths.dataset_name(dataset).replace("{seed}", "{wildcards.seed}")
        shell:
            "python -IS {resources.project:q}/src/run.py prepare --dataset {params.dataset}"
            " --settings {params.settings:q} --output {output} > {log} 2>&1"
