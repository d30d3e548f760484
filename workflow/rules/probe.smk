rule probe_landscape:
    input:
        checkpoint=grid.train_folder(config) + "/step{step}.safetensors",
        data=lambda wildcards: grid.data_file(config, wildcards.model),
        code=grid.cell_code("probe_landscape.py"),
    output:
        grid.probe_file(config, "landscape"),
    params:
        cell=grid.STEP_PATTERN,
        device=config["device"],
        step_sizes=lambda wildcards: (
        config["probes"]["landscape"]["models"][wildcards.model]["step_sizes"]
        ),
        random_directions=config["probes"]["landscape"]["random_directions"],
    log:
        f"{ROOT}/logs/probe_landscape/{grid.STEP_PATTERN}.log",
    conda:
        "../../envs/environment.yaml"
    cache: True
    threads: config["threads"]
    resources:
        mem_mb=1000,
    message:
        "Landscape of {params.cell}"
    shell:
        "python src/probe_landscape.py --checkpoint {input.checkpoint}"
        " --data {input.data} --step-sizes {params.step_sizes}"
        " --random-directions {params.random_directions} --output {output}"
        " --device {params.device} --threads {threads} > {log} 2>&1"


rule probe_ics:
    input:
        checkpoint=grid.train_folder(config) + "/step{step}.safetensors",
        data=lambda wildcards: grid.data_file(config, wildcards.model),
        code=grid.cell_code("probe_ics.py"),
    output:
        grid.probe_file(config, "ics"),
    params:
        cell=grid.STEP_PATTERN,
        device=config["device"],
        parameters=config["probes"]["ics"]["parameters"],
    log:
        f"{ROOT}/logs/probe_ics/{grid.STEP_PATTERN}.log",
    conda:
        "../../envs/environment.yaml"
    cache: True
    threads: config["threads"]
    resources:
        mem_mb=1000,
    message:
        "Internal covariate shift of {params.cell}"
    shell:
        "python src/probe_ics.py --checkpoint {input.checkpoint}"
        " --data {input.data} --parameters {params.parameters} --output {output}"
        " --device {params.device} --threads {threads} > {log} 2>&1"


rule probe_activations:
    input:
        checkpoint=grid.train_folder(config) + "/step{step}.safetensors",
        data=lambda wildcards: grid.data_file(config, wildcards.model),
        code=grid.cell_code("probe_activations.py"),
    output:
        moments=grid.probe_file(config, "moments"),
        histograms=grid.probe_file(config, "histograms"),
    params:
        cell=grid.STEP_PATTERN,
        device=config["device"],
        bins=config["probes"]["activations"]["bins"],
    log:
        f"{ROOT}/logs/probe_activations/{grid.STEP_PATTERN}.log",
    conda:
        "../../envs/environment.yaml"
    cache: True
    threads: config["threads"]
    resources:
        mem_mb=1000,
    message:
        "Activations of {params.cell}"
    shell:
        "python src/probe_activations.py --checkpoint {input.checkpoint}"
        " --data {input.data} --bins {params.bins}"
        " --moments {output.moments} --histograms {output.histograms}"
        " --device {params.device} --threads {threads} > {log} 2>&1"
