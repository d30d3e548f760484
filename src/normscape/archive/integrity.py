"""Whether files are as they were made, by their SHA-256."""

import contextlib
import json
import math
from pathlib import Path

from normscape.archive import records
from normscape.archive.checksums import line, read
from normscape.files import digest

_ADVICE = "delete it and rerun"


def check_files(files, last_list: Path) -> dict[Path, str]:
    """The SHA-256 of files, by path.

    A ValueError names one that has changed since ``last_list`` was written although
    Snakemake has recorded no job since then that made it.
    """
    folder = last_list.parent
    listed = read_listing(last_list) if last_list.is_file() else {}
    ended = {record.output: record.end for record in records.read(folder)}
    checksums = {}
    for path in map(Path, files):
        checksums[path] = digest(path)
        expected = listed.get(path, checksums[path])
        rewritten = ended.get(path, math.inf) > ended.get(last_list, -math.inf)
        if checksums[path] != expected and not rewritten:
            raise ValueError(
                f"{path}: checksum mismatch: changed since it was written; {_ADVICE}"
            )
    return checksums


def check_runs(manifests) -> dict[Path, str]:
    """The SHA-256 of runs' outputs, by path, as their manifests ``run.json`` list them.

    A ValueError names an output that is there with other bytes; checkpoints need not stay.
    """
    checksums = {}
    for manifest in map(Path, manifests):
        try:
            listed = json.loads(manifest.read_text(encoding="utf-8"))["sha256"]
        except (ValueError, KeyError):
            raise ValueError(
                f"{manifest}: expected a complete manifest, got a damaged one; {_ADVICE}"
            ) from None
        for name, expected in listed.items():
            path = manifest.parent / name
            with contextlib.suppress(FileNotFoundError):
                if digest(path) != expected:
                    raise ValueError(
                        f"{path}: checksum mismatch: changed since the run; {_ADVICE}"
                    )
            checksums[path] = expected
    return checksums


def listing(checksums: dict[Path, str], folder: Path) -> str:
    """A line "SHA-256  path" for each file, relative to the folder, sorted by path."""
    return "".join(
        line(checksums[path], str(path.relative_to(folder)))
        for path in sorted(checksums)
    )


def read_listing(path: Path) -> dict[Path, str]:
    """What ``listing`` wrote; lines that are damaged are left out."""
    listed = read(path.read_bytes().decode("utf-8", "replace"))
    return {path.parent / name: checksum for name, checksum in listed.items()}
