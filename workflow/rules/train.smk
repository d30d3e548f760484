# One rule a model, because the outputs are its checkpoints.
for model in grid.models(config):

    rule:
        name:
            f"train_{model}"
        input:
            data=grid.data_file(config, model),
            code=grid.cell_code("train.py", model),
        output:
            **grid.checkpoint_files(config, model),
            history=grid.train_file(config, "history.csv", model),
            evaluation=grid.train_file(config, "evaluation.csv", model),
        log:
            f"{ROOT}/logs/train/{model}/{grid.RUN_PATTERN}.log",
        cache: True
        conda:
            "../../envs/environment.yaml"
        threads: config["threads"]
        resources:
            mem_mb=1000,
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
            device=config["device"],
            folder=grid.train_folder(config, model),
        message:
            "Train {params.model}, {wildcards.norm}, lr {wildcards.lr}, seed {wildcards.seed}"
        shell:
            "python src/train.py --model {params.model} --norm {params.norm}"
            " --lr {params.lr} --seed {params.seed} --network {params.network:q}"
            " --norm-settings {params.norm_settings:q} --optimiser {params.optimiser:q}"
            " --steps {params.steps} --checkpoints {params.checkpoints}"
            " --data {input.data} --folder {params.folder}"
            " --device {params.device} --threads {threads} > {log} 2>&1"
