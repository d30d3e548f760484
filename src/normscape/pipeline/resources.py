"""What jobs ask of a machine."""

from normscape import parts


def request(config: dict, memory_mb: int, minutes: int, gpu: bool = False) -> dict:
    """Memory and time limit, which rise with each attempt; GPUs if it uses ``device``."""
    return {
        "mem_mb": lambda wildcards, attempt: memory_mb * attempt,
        "runtime": lambda wildcards, attempt: minutes * attempt,
        "gpu": int(gpu and (config["device"] == "cuda" or config["gpus"])),
    }


def request_for_probe(config: dict, probe: str) -> dict:
    """What a probe declares that its jobs ask for."""
    declared = parts.declaration("probes", probe)
    return request(config, declared["memory_mb"], declared["minutes"], gpu=True)
