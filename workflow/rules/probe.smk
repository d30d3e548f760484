# One rule per probe, because the outputs are its tables.
for probe in config["probes"]:

    rule:
        name:
            f"probe_{probe}"
        input:
            checkpoint=paths.train_file(config, "step{step}.safetensors"),
            data=checkpoint_data,
        output:
            **paths.probe_files(config, probe),
        log:
            f"{ROOT}/logs/probe_{probe}/{paths.STEP_PATTERN}.log",
        cache: CACHE
        group:
            submission
        conda:
            "../../envs/environment.yaml"
        threads: config["threads"]
        resources:
            **resources.request_for_probe(config, probe),
            project=PROJECT,
        params:
            code=params.probe_code(config, probe),
            probe=probe,
            cell=paths.STEP_PATTERN,
            columns=params.probe_columns(probe),
            settings=params.probe_settings(config, probe),
            device=config["device"],
            threads=config["threads"],
        message:
            "Measure {params.probe} of {params.cell}"
        shell:
            "python -IS {resources.project:q}/src/run.py probe {params.probe} --checkpoint {input.checkpoint}"
            " --data {input.data} --settings {params.settings:q}"
            " --columns {params.columns:q} --output {output}"
            " --device {params.device} --threads {params.threads} > {log} 2>&1"
