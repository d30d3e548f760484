# One rule a model, because the outputs are its checkpoints.
for model in grid.models(config):

    rule:
        name:
            f"train_{model}"
        input:
            data=grid.data_file(config, model),
            code=grid.cell_code("train.py", model),
        output:
            **{
                step: path if config["keep_checkpoints"] else temp(path)
                for step, path in grid.checkpoint_files(config, model).items()
            },
            history=grid.train_file(config, "history.csv", model),
            evaluation=grid.train_file(config, "evaluation.csv", model),
            manifest=grid.train_file(config, "run.json", model),
        log:
            f"{ROOT}/logs/train/{model}/{grid.RUN_PATTERN}.log",
        cache: True
        conda:
            "../../envs/environment.yaml"
        threads: config["threads"]
        resources:
            **grid.resources(config, mem_mb=4000, runtime=240, gpu=True),
            # No param: another interval is no reason to train again.
            save_interval=config["save_interval"],
        params:
            model=model,
            norm="{norm}",
            lr="{lr}",
            seed="{seed}",
            network=grid.as_json(config["models"][model]["network"]),
            norm_settings=grid.norm_settings(config),
            optimiser=grid.as_json(config["models"][model]["optimiser"]),
            steps=config["models"][model]["steps"],
            checkpoints=config["models"][model]["checkpoints"],
            evaluations=grid.evaluations(config, model),
            device=config["device"],
            folder=grid.train_folder(config, model),
        message:
            "Train {params.model}, {wildcards.norm}, lr {wildcards.lr}, seed {wildcards.seed}"
        shell:
            "python src/train.py --model {params.model} --norm {params.norm}"
            " --lr {params.lr} --seed {params.seed} --network {params.network:q}"
            " --norm-settings {params.norm_settings:q} --optimiser {params.optimiser:q}"
            " --steps {params.steps} --checkpoints {params.checkpoints}"
            " --evaluations {params.evaluations}"
            " --data {input.data} --folder {params.folder}"
            " --save-interval {resources.save_interval}"
            " --device {params.device} --threads {threads} > {log} 2>&1"
