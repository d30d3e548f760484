"""The resources that jobs request."""

from normscape import components


def request(config: dict, memory_mb: int, minutes: int, gpu: bool = False) -> dict:
    """Memory and time, which grow with each attempt, and a GPU if the job uses ``device``."""
    return {
        "mem_mb": lambda wildcards, attempt: memory_mb * attempt,
        "runtime": lambda wildcards, attempt: minutes * attempt,
        "gpu": int(gpu and (config["device"] == "cuda" or config["gpus"])),
    }


def request_for_probe(config: dict, probe: str) -> dict:
    """The resources that a probe declares."""
    declared = components.declaration("probes", probe)
    return request(config, declared["memory_mb"], declared["minutes"], gpu=True)
