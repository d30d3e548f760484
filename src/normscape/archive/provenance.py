"""Where the source comes from: this project's files, and their commit.

Only the project's own ``.git`` counts. A copy inside another repository, committed there
or not, is not under version control: that repository's commit says nothing about it.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from normscape import folders

PROJECT = Path(__file__).parents[3]
NO_COMMIT = "not under version control"
# A repository that does not have this file is not the project's.
_OF_EVERY_VERSION = "src/normscape/__init__.py"

# What the pipeline takes up by itself, also where git does not track it.
_PIPELINE = ("Snakefile", "config.yaml", "src/", "workflow/")
# The project without git, which would know more.
_FOLDERS = (
    *("benchmarks", "docs", "envs", "profiles"),
    *("src", "tests", "tools", "workflow"),
)
_FILES = (
    *("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile"),
    *("README.md", "Snakefile", "config.yaml", "pyproject.toml"),
)


class Source(NamedTuple):
    """The files of the project, and what is known of their origin.

    files : relative to PROJECT, sorted.
    commit : its hash, followed by ", with changes" where files differ from it; or why
        there is none.
    added : those files that the commit does not have.
    """

    files: list[str]
    commit: str
    added: list[str]


class _GitError(Exception):
    """Why git can't say anything about the project."""


def commit() -> str:
    """The commit of the source, or why there is none."""
    try:
        return source().commit
    except OSError as error:
        return f"unknown ({error.strerror}: {error.filename})"


def versions(folder: str) -> Iterator[tuple[datetime, dict[str, str]]]:
    """When each version of a folder was committed, and its files' texts; the latest first.

    Nothing where the project has no commit. In a clone without history, the first commit
    stands for all before it.
    """
    try:
        _ask_git()
        commits = _git("log", "--format=%H %cI", "--", folder).decode().split("\n")
        for line in filter(None, commits):
            name, committed = line.split()
            files = _names(_git("ls-tree", "-z", "--name-only", name, f"{folder}/"))
            texts = {file: _git("show", f"{name}:{file}").decode() for file in files}
            yield datetime.fromisoformat(committed), texts
    except _GitError:
        return


def source() -> Source:
    """The project's source: as its commit and git's index have it, else by its folders.

    Files that the pipeline takes up although git does not track them belong to it. An
    OSError says that a folder can't be read.
    """
    present = _present()
    try:
        name, committed, tracked, changed = _ask_git()
    except _GitError as error:
        return Source(present, str(error), [])
    taken_up = {file for file in present if file.startswith(_PIPELINE)}
    files = sorted(
        file for file in committed | tracked | taken_up if (PROJECT / file).is_file()
    )
    added = [file for file in files if file not in committed]
    return Source(files, f"{name}, with changes" if changed or added else name, added)


def _present() -> list[str]:
    """The project's files by their places, sorted."""
    files = list(_FILES)
    for folder in _FOLDERS:
        if (PROJECT / folder).is_dir():
            files += [f"{folder}/{name}" for name in folders.files(PROJECT / folder)]
    return sorted(
        file
        for file in files
        # Python's and pip's own files are made from the source.
        if not (file.endswith(".pyc") or ".egg-info/" in file)
        and (PROJECT / file).is_file()
    )


def _ask_git() -> tuple[str, set[str], set[str], bool]:
    """The commit, its files, those in git's index, and whether any of its files differs.

    A _GitError says why the project has no commit.
    """
    if not os.path.lexists(PROJECT / ".git"):
        raise _GitError(NO_COMMIT)
    name = _git("log", "-1", "--format=%H", "--no-show-signature").decode().strip()
    committed = _names(_git("ls-tree", "-r", "-z", "--name-only", name))
    if _OF_EVERY_VERSION not in committed:
        raise _GitError(NO_COMMIT)
    tracked = _names(_git("ls-files", "-z"))
    # A fresh index compares contents. In git's own, files can be marked as unchanged.
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        _git("read-tree", name, environment=index)
        options = ("--porcelain", "-z", "--untracked-files=no")
        changed = _git("status", *options, environment=index)
    return name, committed, tracked, bool(changed)


def _names(output: bytes) -> set[str]:
    return {os.fsdecode(name) for name in output.split(b"\0") if name}


def _git(*arguments, environment=None) -> bytes:
    """The output of a git command about the project; nothing in it is changed."""
    command = (
        "git",
        # Named, .git is not looked for in folders above. Git also accepts another owner's
        # then: its code is already being run.
        *("--git-dir=.git", "--work-tree=."),
        *("--no-optional-locks", "--no-replace-objects"),
        *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}"),
        *arguments,
    )
    # A hook of another repository has variables that would lead there.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name == "GIT_EXEC_PATH"
    }
    settings = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=inherited | settings | (environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except OSError as error:
        raise _GitError(f"{NO_COMMIT} (git does not start: {error.strerror})") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        why = [line for line in lines if line.startswith("fatal: ")] or lines or ["?"]
        raise _GitError(f"{NO_COMMIT} (git: {why[0].removeprefix('fatal: ')})")
    return done.stdout
