"""Install the lock file requirements.txt into the environment whose Python runs this.

usage: python envs/install.py [cpu | FOLDER | INDEX]

PyTorch of the lock file includes CUDA libraries, two thirds of 6 GB on Linux. With an argument
they are left out, and PyTorch comes in the same version, but without hashes, from its
own index of CPU builds (cpu), from a folder of wheels, or from another index (https://...).
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.txt")
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"]


def commands(torch: str | None, folder: Path) -> list[list[str]]:
    """The calls of pip that install the lock file; ``folder`` is for the files that they read.

    Together they install each package once, so that they may run at the same time.
    """
    blocks = re.split(
        r"^(?=[a-z0-9])", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE
    )[1:]
    cuda = [block for block in blocks if block.startswith(("cuda-", "nvidia-"))]
    rest = [block for block in blocks if block not in cuda]
    if torch is None:
        return [_locked(cuda, folder / "cuda.txt"), _locked(rest, folder / "rest.txt")]
    builds = [b for b in rest if b.startswith(("torch==", "torchvision=="))]
    rest = [b for b in rest if b not in builds and not b.startswith("triton==")]
    pins = [build.split()[0] for build in builds]
    return [[*PIP, *_source(torch), *pins], _locked(rest, folder / "rest.txt")]


def _locked(blocks, path):
    path.write_text("".join(blocks), encoding="utf-8")
    return [*PIP, "--require-hashes", "-r", str(path)]


def _source(torch):
    if torch == "cpu":
        return ["--index-url", CPU_BUILDS]
    if "://" in torch:
        return ["--index-url", torch]
    if Path(torch).is_dir():
        return ["--no-index", "--find-links", torch]
    sys.exit(
        "TORCH: expected cpu, a folder of wheels, or the address of an index "
        f"(https://...), got {torch!r}"
    )


def main():
    with tempfile.TemporaryDirectory() as folder:
        # Unpacking takes a core each.
        running = [
            subprocess.Popen(command)
            for command in commands((sys.argv[1:] or [None])[0], Path(folder))
        ]
        # All have ended then; one that a signal has ended has a negative status.
        statuses = [process.wait() for process in running]
        sys.exit(1 if any(statuses) else 0)


if __name__ == "__main__":
    main()
