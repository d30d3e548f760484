rule probe_landscape:
    input:
        checkpoint=grid.train_file(config, "step{step}.safetensors"),
        data=lambda wildcards: grid.data_file(config, wildcards.model),
        code=grid.cell_code("probe_landscape.py"),
    output:
        grid.probe_file(config, "landscape"),
    log:
        f"{ROOT}/logs/probe_landscape/{grid.STEP_PATTERN}.log",
    cache: True
    conda:
        "../../envs/environment.yaml"
    threads: config["threads"]
    resources:
        **grid.resources(config, mem_mb=4000, runtime=3, gpu=True),
    params:
        cell=grid.STEP_PATTERN,
        device=config["device"],
        step_sizes=lambda wildcards: (
            config["probes"]["landscape"]["models"][wildcards.model]["step_sizes"]
        ),
        random_directions=config["probes"]["landscape"]["random_directions"],
    message:
        "Landscape of {params.cell}"
    shell:
        "python src/probe_landscape.py --checkpoint {input.checkpoint}"
        " --data {input.data} --step-sizes {params.step_sizes}"
        " --random-directions {params.random_directions} --output {output}"
        " --device {params.device} --threads {threads} > {log} 2>&1"


rule probe_ics:
    input:
        checkpoint=grid.train_file(config, "step{step}.safetensors"),
        data=lambda wildcards: grid.data_file(config, wildcards.model),
        code=grid.cell_code("probe_ics.py"),
    output:
        grid.probe_file(config, "ics"),
    log:
        f"{ROOT}/logs/probe_ics/{grid.STEP_PATTERN}.log",
    cache: True
    conda:
        "../../envs/environment.yaml"
    threads: config["threads"]
    resources:
        **grid.resources(config, mem_mb=4000, runtime=3, gpu=True),
    params:
        cell=grid.STEP_PATTERN,
        device=config["device"],
        parameters=config["probes"]["ics"]["parameters"],
    message:
        "Internal covariate shift of {params.cell}"
    shell:
        "python src/probe_ics.py --checkpoint {input.checkpoint}"
        " --data {input.data} --parameters {params.parameters} --output {output}"
        " --device {params.device} --threads {threads} > {log} 2>&1"


rule probe_activations:
    input:
        checkpoint=grid.train_file(config, "step{step}.safetensors"),
        data=lambda wildcards: grid.data_file(config, wildcards.model),
        code=grid.cell_code("probe_activations.py"),
    output:
        moments=grid.probe_file(config, "moments"),
        histograms=grid.probe_file(config, "histograms"),
    log:
        f"{ROOT}/logs/probe_activations/{grid.STEP_PATTERN}.log",
    cache: True
    conda:
        "../../envs/environment.yaml"
    threads: config["threads"]
    resources:
        **grid.resources(config, mem_mb=4000, runtime=3, gpu=True),
    params:
        cell=grid.STEP_PATTERN,
        device=config["device"],
        bins=config["probes"]["activations"]["bins"],
    message:
        "Activations of {params.cell}"
    shell:
        "python src/probe_activations.py --checkpoint {input.checkpoint}"
        " --data {input.data} --bins {params.bins}"
        " --moments {output.moments} --histograms {output.histograms}"
        " --device {params.device} --threads {threads} > {log} 2>&1"
