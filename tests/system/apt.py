"""Debian packages, installed where a test needs them and root may."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import filelock


def can_install() -> bool:
    return os.geteuid() == 0 and bool(shutil.which("apt-get"))


def install(*packages: str) -> None:
    """Install packages without what they only recommend; one process at a time."""
    options = ["--yes", "--no-install-recommends", "--quiet"]
    with filelock.FileLock(Path(tempfile.gettempdir()) / "normscape-apt.lock"):
        for command in (["update", "--quiet"], ["install", *options, *packages]):
            subprocess.run(
                ["apt-get", *command],
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                check=True,
                capture_output=True,
                timeout=600,
            )
