"""How a training is resumed: its state, in a folder of its own.

Until a training is done, its checkpoints and its latest state lie in a folder ``state``
beside the outputs. Snakemake deletes the outputs of a job that was stopped, but does not
know this folder; the same training, started again, resumes from there and ends with the
same bytes.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import filelock
import torch

from normscape.files import digest
from normscape.training import checkpoints, tensors
from normscape.training.loop import Evaluation, Step
from normscape.training.run import Run


def dependencies(
    run: Run, code: list[str], files: Iterable[str], settings: dict
) -> dict:
    """All that the bytes of a training follow from.

    code : digests of its modules, as ``normscape.code.training_digests`` gives them. files :
        its data, and the checkpoint at which it starts.
    """
    return {
        "code": code,
        "files": [digest(file) for file in files],
        "device": run.device.type,
        "settings": settings,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


class State:
    """The folder ``state`` of a training.

    depends_on : anything that JSON can hold; a state is resumed only where it is equal.
    interval : seconds between two times that the state is saved.
    """

    def __init__(self, folder: Path, depends_on: dict, interval: float):
        self.folder = folder
        self.depends_on = json.loads(json.dumps(depends_on))
        self.interval = interval
        self._latest = folder / "latest.safetensors"
        self._digests = {}
        self._saved_at = time.monotonic()

    def restore(self, run: Run) -> tuple[list[Step], list[Evaluation]]:
        """Set ``run`` to the latest state; its history and evaluation so far.

        A state that is damaged, or of a training that depends on something else, is
        renamed to ``state.rejected``, with a line that says why; the training then starts
        from the beginning.
        """
        if not self._latest.is_file():
            return [], []
        try:
            by_name, metadata = tensors.load(self._latest)
            self._check(metadata)
            checkpoints.restore(run, by_name, metadata)
        except (OSError, ValueError, KeyError) as error:
            rejected = self.folder.with_name("state.rejected")
            shutil.rmtree(rejected, ignore_errors=True)
            self.folder.rename(rejected)
            line = f"saved state not usable ({error}); moved to {rejected}"
            print(f"{line}; training restarts at step 0", flush=True)
            return [], []
        self._digests = metadata["checkpoints"]
        print(f"resumes at step {run.step}", flush=True)
        history = [Step(*row) for row in metadata["history"]]
        return history, [Evaluation(*row) for row in metadata["evaluation"]]

    def _check(self, metadata):
        for key, value in self.depends_on.items():
            if metadata["depends_on"].get(key) != value:
                raise ValueError(f"{self._latest}: saved with different {key}")
        for name, expected in metadata["checkpoints"].items():
            if digest(self.folder / name) != expected:
                raise ValueError(f"{self.folder / name}: checksum mismatch")

    def save_checkpoint(self, run: Run, diverged_at: int | None) -> None:
        """Keep the checkpoint of this step until the training is done."""
        path = self.folder / f"step{run.step}.safetensors"
        checkpoints.save(path, run, diverged_at)
        self._digests[path.name] = digest(path)

    @property
    def is_due(self) -> bool:
        """Whether the last time that the state was saved is long enough ago."""
        return time.monotonic() - self._saved_at >= self.interval

    def save(self, run: Run, history: list[Step], evaluation: list[Evaluation]) -> None:
        """Save the latest state."""
        by_name, metadata = checkpoints.state(run)
        metadata |= {
            "checkpoints": self._digests,
            "depends_on": self.depends_on,
            "evaluation": evaluation,
            "history": history,
        }
        tensors.save(self._latest, by_name, metadata)
        self._saved_at = time.monotonic()

    @property
    def checkpoints(self) -> list[Path]:
        """The checkpoints so far."""
        return [self.folder / name for name in self._digests]

    def finish(self, outputs: Path) -> None:
        """Give the checkpoints their places, and remove the folders."""
        for name in self._digests:
            _link(self.folder / name, outputs / name)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.folder.with_name("state.rejected"), ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    # A link rather than a move: if the training is stopped here, Snakemake deletes the
    # outputs, and the folder still has them.
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.link(source, temporary)
    except OSError:  # a file system without links
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)


@contextlib.contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Wait until no other process trains into ``folder``, and keep others out.

    Jobs outlive a Snakemake that is killed, and meet the next one's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    lock = filelock.FileLock(path)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        print(f"waiting: another process is training in {folder}", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()
