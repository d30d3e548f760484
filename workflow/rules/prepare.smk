# All experiments share the archive of a data set.
rule download:
    output:
        "downloads/{archive}",
    log:
        "downloads/logs/{archive}.log",
    wildcard_constraints:
        archive="|".join(re.escape(Path(a).name) for a in paths.downloads().values()),
    retries: 3
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        project=PROJECT,
    params:
        code=code.digests("download.py"),
        dataset=download_of,
        url=download_url,
        checksum=download_checksum,
        help=download_help,
    message:
        "Download {params.dataset}"
    shell:
        "python -IS {resources.project:q}/src/run.py download --url {params.url:q} --checksum {params.checksum}"
        " --help-line {params.help:q} --output {output} 2>&1 | tee {log}"


for dataset in components.names("datasets"):

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
            **resources.request(config, memory_mb=4000, minutes=60),
            project=PROJECT,
        params:
            code=code.digests("prepare.py", f"normscape/datasets/{dataset}.py"),
            dataset=dataset,
            settings=params.dataset_settings(config, dataset),
            depends_on=params.data_digests(config, dataset),
        message:
            "Prepare the data set "
            + paths.dataset_name(dataset).replace("{seed}", "{wildcards.seed}")
        shell:
            "python -IS {resources.project:q}/src/run.py prepare --dataset {params.dataset}"
            " --settings {params.settings:q} --output {output} > {log} 2>&1"
