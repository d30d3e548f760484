# One rule per model, because the outputs are its checkpoints.
for model in grid.models(config):

    rule:
        name:
            f"train_{model}"
        input:
            data=paths.data_file(config, model),
            start=paths.start_file(config, model),
        output:
            **{
                step: path if config["keep_checkpoints"] else temp(path)
                for step, path in paths.checkpoint_files(config, model).items()
            },
            history=paths.train_file(config, "history.csv", model),
            evaluation=paths.train_file(config, "evaluation.csv", model),
            manifest=paths.train_file(config, "run.json", model),
        log:
            f"{ROOT}/logs/train/{model}/{paths.RUN_PATTERN}.log",
        cache: CACHE
        conda:
            "../../envs/environment.yaml"
        threads: config["threads"]
        resources:
            **resources.request(config, memory_mb=4000, minutes=240, gpu=True),
            # Resources instead of params: another path or interval is no reason to train again.
            project=PROJECT,
            save_interval=config["save_interval"],
        params:
            code=params.training_code(config, model),
            model=model,
            architecture=config["models"][model]["architecture"],
            norm="{norm}",
            lr="{lr}",
            seed="{seed}",
            network=params.as_json(config["models"][model]["network"]),
            norm_settings=params.norm_settings(config),
            optimiser=params.as_json(config["models"][model]["optimiser"]),
            steps=config["models"][model]["steps"],
            checkpoints=config["models"][model]["checkpoints"],
            evaluations=grid.evaluations(config, model),
            device=config["device"],
            # The number of the config, even if fewer cores are free, because results depend on it.
            threads=config["threads"],
        message:
            "Train {params.model}, {wildcards.norm}, lr {wildcards.lr}, seed {wildcards.seed}"
        # On SIGTERM, the shell waits for the training run, which saves its state.
        shell:
            "trap : TERM; python -IS {resources.project:q}/src/run.py train --model {params.model}"
            " --architecture {params.architecture} --norm {params.norm}"
            " --lr {params.lr} --seed {params.seed} --network {params.network:q}"
            " --norm-settings {params.norm_settings:q} --optimiser {params.optimiser:q}"
            " --steps {params.steps} --checkpoints {params.checkpoints}"
            " --evaluations {params.evaluations}"
            " --data {input.data} --start {input.start} --manifest {output.manifest}"
            " --save-interval {resources.save_interval}"
            " --device {params.device} --threads {params.threads} > {log} 2>&1"
